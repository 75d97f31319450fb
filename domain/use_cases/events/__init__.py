"""The event rules, and how closely a user is watched."""
