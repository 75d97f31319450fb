"""Card payments, the facts by which spending is judged, and the reasons of each verdict."""
