"""Prices, trades, portfolios and the bot."""
