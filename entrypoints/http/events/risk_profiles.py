"""`/api/risk-profiles`. Source: contract C5."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import attrs
import falcon
from msgspec import Meta

from domain.model.risk_profiles import RiskProfile
from domain.rules.activity import RULES, Unit
from domain.rules.ratings import LARGEST_COUNT, parse_profile
from domain.use_cases.events.set_risk_profiles import RiskProfiles
from entrypoints.composition import Hucha
from entrypoints.http.answers import encode
from entrypoints.http.bodies import parse_body
from entrypoints.http.events.events import EventsResource
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, PathParameter, Route, resource


def _codes(*, money: bool) -> str:
    return ", ".join(str(rule.code) for rule in RULES if (rule.unit is Unit.MONEY) is money)


Threshold = Annotated[Decimal | int, Meta(extra_json_schema={"exclusiveMinimum": 0})]
Thresholds = Annotated[
    dict[str, Threshold],
    Meta(
        description=(
            f"Limits by alert code. {_codes(money=True)}: an amount, positive, at most 2 decimals, below 10^13, in a "
            f"request also as a numeric string. {_codes(money=False)}: a count, an integer from 1 to {LARGEST_COUNT}."
        ),
        extra_json_schema={"propertyNames": {"enum": [str(rule.code) for rule in RULES]}},
    ),
]


@attrs.frozen
class RiskProfileBody:
    """A risk rating, and the user's own limits by alert code, which win over the rated ones."""

    rating: Literal["low", "medium", "high"] = "medium"
    thresholds: Thresholds = attrs.field(factory=dict)


def read_profile(data: bytes) -> RiskProfile:
    """The profile in a body. Raises BodyRefused, InvalidFields."""
    return parse_profile(parse_body(data))


_USER_ID = PathParameter("user_id", "Whose profile")


@resource
class RiskProfilesResource:
    """Shows and sets how closely users are watched."""

    tag = EventsResource.tag
    risk_profiles: RiskProfiles

    @Operation(
        summary="Show how closely a user is watched",
        description="A user for whom nothing was set has the rating `medium`.",
        access=Access.OPERATOR,
        path=(_USER_ID,),
        response=RiskProfileBody,
        answer="The profile",
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, user_id: int) -> None:
        resp.data = encode(_shown(self.risk_profiles.get(user_id)))

    @Operation(
        summary="Set how closely a user is watched",
        description=(
            "Replaces the whole profile. `low` doubles every limit; `high` halves amounts and takes a count n to "
            "n/2 rounded down, plus 1. A key that is absent has its default, so `{}` or no body at all resets to "
            "`medium` without thresholds. A key that is there but `null` or a blank string is a 400."
        ),
        access=Access.OPERATOR,
        path=(_USER_ID,),
        body=RiskProfileBody,
        reads=read_profile,
        example={"rating": "low", "thresholds": {"1100": 250}},
        response=RiskProfileBody,
        answer="The profile as it is now",
    )
    def on_put(self, req: falcon.Request, resp: falcon.Response, user_id: int, body: RiskProfile) -> None:
        self.risk_profiles.put(user_id, body)
        resp.data = encode(_shown(body))


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of risk profiles."""
    return [Route("/api/risk-profiles/{user_id}", RiskProfilesResource(hucha.risk_profiles))]


def _shown(profile: RiskProfile) -> RiskProfileBody:
    return RiskProfileBody(profile.rating, {str(code): limit for code, limit in profile.thresholds.items()})
