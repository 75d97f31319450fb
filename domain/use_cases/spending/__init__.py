"""Record a card payment and judge it; tell why it was judged so."""
