"""Verbs: read the clock once, load facts through ports, ask the rules, save; one transaction a step.

One room a capability; their imports go in no circle. Whatever moves money books it by `money`, whatever tells a
customer does so by `notifying`, whatever is due at an instant is done by `jobs`.
"""
