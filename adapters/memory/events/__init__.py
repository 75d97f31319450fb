"""In memory: judged actions with what is kept of each user, and risk profiles."""
