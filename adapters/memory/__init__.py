"""The shipped in-memory twins of the ports: for notebooks, demonstrations and tests."""
