"""Tables and statements of holdings and trades, and of whom the bot trades for."""
