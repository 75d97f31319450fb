"""For those who run Hucha."""
