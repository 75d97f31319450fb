"""Judge actions by the event rules, list what was judged, set who is watched how closely."""
