"""Card payments and what they tell."""
