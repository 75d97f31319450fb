"""One outside system each, behind a port. Adapters import the model and ports: no rule, no use case."""
