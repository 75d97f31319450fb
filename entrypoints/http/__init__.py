"""The HTTP API, by Falcon.

app.py         the routes; create_app(hucha), and nothing global
envelope.py    around every answer: request id, security headers, timing
payloads.py    bytes -> JSON object -> command, strictly (strict_json.py)
dialects.py    the one table: error -> status and form
auth.py        who is asking, and from where
openapi.py     the description of all this, built from the routes
metrics.py     what is counted
events.py, risk_profiles.py, health.py, docs.py   thin resources by capability
"""
