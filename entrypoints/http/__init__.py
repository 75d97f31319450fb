"""The HTTP API, by Falcon: one room a capability, with its resources and their routes; here is what they share.

An operation is declared once (`operations.py`), held to it before it runs (`enforcement.py`) and told by OpenAPI
(`openapi.py`). Bodies and queries become typed values (`reading.py`, by the types of `fields.py`), refusals become
answers by one table (`dialects.py`). `app.py` joins the capabilities; nothing is global.
"""
