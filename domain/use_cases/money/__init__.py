"""Move money: orders under a key and a PIN, the booking of every movement, the history, the audit; quote transfers."""
