"""Tables and statements of card payments, and of the facts by which spending is judged."""
