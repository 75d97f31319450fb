"""`make bench`: the hot paths, each against a reference that runs interleaved with it in the same run.

Ratios say something on any machine; seconds don't. A subject above a reference of 1.00 is faster than it.
"""
