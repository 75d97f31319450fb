"""The ways in: the `hucha` command, the HTTP API, notebooks. They hold no business rule.

`composition.py` puts the house together; it, `tools.py` and `databases.py` alone name concrete adapters.
"""
