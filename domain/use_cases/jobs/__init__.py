"""Work that is due at an instant."""
