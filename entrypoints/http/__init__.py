"""The HTTP API, by Falcon.

app.py           every capability's routes; create_app(hucha), and nothing global
operations.py    what an operation is: declared next to its code
enforcement.py   holds each request to the declaration: token, path, query, body, key
reading.py       untrusted values -> typed ones (fields.py), from bodies (bodies.py, strict_json.py) and queries
answers.py       how answers are written
dialects.py      the one table: error -> status and form
openapi.py       the description of all this, read from the declarations
auth.py          who is asking, and from where
envelope.py      around every answer: request id, security headers, timing
metrics.py       what is counted

The folders hold the operations, by capability.
"""
