"""Prices, buying and selling, what is held and earned, the bot."""
