"""In memory: holdings and trades, and for whom the bot trades."""
