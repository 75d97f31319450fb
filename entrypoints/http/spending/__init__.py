"""Card payments and why they were judged as they were."""
