"""Pages of other origins, exactly those that the settings name. Source: contract G11, D11; the Fetch standard, 3.2."""

from __future__ import annotations

import falcon
from falcon.middleware import CORSMiddleware

EXPOSED = ("Link", "Location", "Retry-After", "X-Request-ID")


class Cors(CORSMiddleware):  # type: ignore[type-arg]  # falcon doesn't say with what
    """Falcon's, which leaves it to the app to say that an answer depends on the origin."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        super().__init__(allow_origins=origins, expose_headers=EXPOSED, allow_credentials=origins)

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        super().process_response(req, resp, resource, req_succeeded)
        resp.append_header("Vary", "Origin")
