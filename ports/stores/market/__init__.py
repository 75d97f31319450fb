"""Holdings and trades, and for whom the bot trades."""
