"""`/event`, the list of what was judged, and risk profiles."""
