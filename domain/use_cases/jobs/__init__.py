"""Do what is due at an instant, whatever it is; clear away what has expired."""
