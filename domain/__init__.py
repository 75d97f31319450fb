"""The bank itself: nouns (`model`), decisions (`rules`) and verbs (`use_cases`).

Pure Python. Nothing here opens a file, a socket or a database, reads a clock or rolls dice; use cases
reach the world through `ports`. Imports only go down: use_cases -> rules, ports -> model. This file and
`domain/use_cases/__init__.py` stay free of imports: one re-export would close a circle with `ports`.
"""
