"""Tables and statements of users with their accounts, sessions, one-time codes and operators."""
