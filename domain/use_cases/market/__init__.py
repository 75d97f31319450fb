"""Buy and sell assets, show what is held and what it earned, switch the bot on and off, and run it."""
