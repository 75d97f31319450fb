"""The shipped in-memory twins of the ports that keep or send something: for notebooks, demonstrations and tests.

The storage, with a room for each capability's stores, a mailer that records, a clock that is set, prices that are
set, and the counting of tries, which a server without Redis uses too.
"""
