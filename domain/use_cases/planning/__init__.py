"""What comes back by itself: plan recurring expenses, manage subscriptions and pay them."""
