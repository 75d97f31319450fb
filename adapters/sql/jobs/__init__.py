"""Table and statements of the work that is due at an instant."""
