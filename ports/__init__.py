"""What the domain needs of the world, as protocols of a few methods.

Each docstring states the promise that every adapter keeps; the suites in `tests/contracts` hold them to it. A port
imports the model and `typing`, nothing else.
"""
