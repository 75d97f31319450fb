"""What comes back by itself: recurring expenses and subscriptions."""
