"""What would other thresholds have done? A made-up month of one user, judged under several risk profiles.

python examples/event_rules.py
"""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

from domain.model.activity import Action, UserActivity
from domain.model.risk_profiles import RiskProfile
from domain.rules.activity import judge
from domain.rules.ratings import limits_of

MONTH_SECONDS = 30 * 24 * 3600


def made_up_month(seed: int) -> list[Action]:
    """Bursts of a few actions, half a day apart or so."""
    dice = random.Random(seed)
    time, actions = 0, []
    while time < MONTH_SECONDS:
        for _ in range(dice.randint(1, 7)):
            kind = dice.choice(("deposit", "withdraw"))
            actions.append(Action(kind, Decimal(dice.randint(500, 20_000)).scaleb(-2), user_id=1, time=time))
            time += dice.randint(1, 25)
        time += dice.randint(6, 18) * 3600
    return actions


def main() -> None:
    """Print how often each code is raised, by profile, and one reason in full."""
    month = made_up_month(seed=1)
    profiles = {
        "low": RiskProfile("low"),
        "medium": RiskProfile("medium"),
        "high": RiskProfile("high"),
        "medium, withdrawals up to 150": RiskProfile("medium", {1100: Decimal(150)}),
    }
    print(f"{len(month)} actions")
    for name, profile in profiles.items():
        activity = UserActivity()
        verdicts = [judge(action, activity, limits_of(profile)) for action in month]
        print(f"{name}: {dict(sorted(Counter(code for verdict in verdicts for code in verdict.codes).items()))}")
    alert = next(verdict for verdict in verdicts if verdict.alert)
    print(f"{alert.action.type} of {alert.action.amount} at {alert.action.time}: {alert.reasons()[0]}")


if __name__ == "__main__":
    main()
