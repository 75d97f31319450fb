"""`/api/risk-profiles`. Source: contract C5."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import attrs
import falcon
import msgspec
from msgspec import Meta

from domain.model.risk_profiles import RiskProfile
from domain.rules.activity import RULES, Unit
from domain.rules.ratings import LARGEST_COUNT, parse_profile
from domain.use_cases.events.set_risk_profiles import RiskProfiles
from entrypoints.http.auth import Authentication
from entrypoints.http.openapi import Access, Operation, Parameter, describe
from entrypoints.http.payloads import Count, parse_body, path_integer, read_body


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


_encode = msgspec.json.Encoder(decimal_format="number").encode
_USER_ID = Parameter("user_id", "path", Count, "Whose profile", required=True)


class RiskProfileResource:
    """`GET` and `PUT /api/risk-profiles/{user_id}`."""

    def __init__(self, risk_profiles: RiskProfiles, authentication: Authentication) -> None:
        self._risk_profiles = risk_profiles
        self._authentication = authentication

    @describe(
        Operation(
            summary="Show how closely a user is watched",
            description="A user for whom nothing was set has the rating `medium`.",
            parameters=(_USER_ID,),
            response=RiskProfileBody,
            answer="The profile",
            access=Access.OPERATOR,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, user_id: str) -> None:
        self._authentication.operator(req)
        resp.data = _encode(_shown(self._risk_profiles.get(path_integer(user_id))))

    @describe(
        Operation(
            summary="Set how closely a user is watched",
            description=(
                "Replaces the whole profile. `low` doubles every limit; `high` halves amounts and takes a count n to "
                "n/2 rounded down, plus 1. A key that is absent has its default, so `{}` or no body at all resets to "
                "`medium` without thresholds. A key that is there but `null` or a blank string is a 400."
            ),
            parameters=(_USER_ID,),
            request=RiskProfileBody,
            example={"rating": "low", "thresholds": {"1100": 250}},
            response=RiskProfileBody,
            answer="The profile as it is now",
            access=Access.OPERATOR,
        )
    )
    def on_put(self, req: falcon.Request, resp: falcon.Response, user_id: str) -> None:
        self._authentication.operator(req)
        id = path_integer(user_id)
        profile = parse_profile(parse_body(read_body(req)))
        self._risk_profiles.put(id, profile)
        resp.data = _encode(_shown(profile))


def _shown(profile: RiskProfile) -> RiskProfileBody:
    return RiskProfileBody(profile.rating, {str(code): limit for code, limit in profile.thresholds.items()})
