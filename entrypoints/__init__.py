"""The ways in: the `hucha` command, the server, the worker, the HTTP API, notebooks. They hold no business rule.

`composition.py` joins the house; `tools.py` and `databases.py` choose the adapters by the settings.
"""
