"""What a customer is told: alerts, notifications, letters."""
