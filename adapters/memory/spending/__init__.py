"""In memory: card payments, the facts by which spending is judged, and why each was judged as it was."""
