"""One outside system each, behind a port. Adapters import the model and ports: no rule, no use case.

The storages have rooms of their own, `sql` and `memory`. What serves one capability stands under its name; here is what
serves several: the clock, chance, keys with what is hashed and encrypted by them, names that last on a disk.
"""
