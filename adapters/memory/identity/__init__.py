"""In memory: users with their accounts, sessions, one-time codes and operators."""
