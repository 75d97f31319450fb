"""Exchange rates and fees, from files."""
