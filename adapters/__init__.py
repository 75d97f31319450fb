"""One outside system each, behind a port. Adapters import the model and ports: no rule, no use case.

The storages have rooms of their own, `sql` and `memory`. Beside them stand mail, prices, exchange rates, passwords,
tokens, keyed hashes, encryption, rate limits, the clock, and the threads and child processes for heavy work.
"""
