"""The ways in: the `hucha` command, the HTTP API, notebooks. They hold no business rule.

`composition.py` is the only place that names concrete adapters.
"""
