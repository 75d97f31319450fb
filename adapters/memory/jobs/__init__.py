"""In memory: the work that is due at an instant."""
