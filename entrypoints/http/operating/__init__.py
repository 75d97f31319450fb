"""For those who run Hucha: health, metrics, and the description of the API."""
