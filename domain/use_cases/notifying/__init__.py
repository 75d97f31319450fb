"""Tell a customer something: notifications, the queueing and delivery of letters, alerts on the balance."""
