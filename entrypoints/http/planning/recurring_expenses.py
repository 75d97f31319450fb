"""Recurring expenses and their projection. Source: seed A, task 2; contract A4 to A6."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

import attrs
import falcon
import msgspec
from msgspec import Meta

from domain.model.errors import ExpenseNotFound, NotFound
from domain.model.recurring import LONGEST_EXPENSE_NAME, Frequency, RecurringExpense
from domain.rules.projection import DEFAULT_MONTHS, MOST_MONTHS, ProjectedMonth, sum_of
from domain.use_cases.planning.plan_expenses import Plan, PlanExpenses
from entrypoints.http.auth import Authentication
from entrypoints.http.openapi import Access, Operation, Parameter, describe
from entrypoints.http.payloads import Count, SignedAmountIn, parse_body, path_integer, query_integer, read_body

MonthOut = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}$")]


@attrs.frozen
class ExpenseBody:
    """What comes back, how much, how often, and since which day."""

    expense_name: Annotated[str, Meta(min_length=1, max_length=LONGEST_EXPENSE_NAME)]
    amount: SignedAmountIn
    frequency: Frequency
    start_date: date


@attrs.frozen(slots=False)  # written in this order
class ExpenseObject:
    """A recurring expense; a positive amount is paid, a negative one received."""

    id: int
    expense_name: str
    amount: Decimal
    frequency: Frequency
    start_date: date


@attrs.frozen(slots=False)
class ExpenseKept:
    """What was done, and the expense as it is now."""

    msg: str
    data: ExpenseObject


@attrs.frozen
class ExpenseRemoved:
    """What was done."""

    msg: str


@attrs.frozen(slots=False)
class MonthlyExpenses:
    """The signed sum of what falls due in a month: what is paid less what is received."""

    month: MonthOut
    recurring_expenses: Decimal


@attrs.frozen(slots=False)
class ExpenseEffect:
    """How often an expense falls due, what that adds up to, and how it changes the balance."""

    id: int
    expense_name: str
    occurrences: int
    total: Decimal
    effect: Decimal


@attrs.frozen(slots=False)
class MonthBreakdown:
    """A month: each expense's part in it, oldest first, and the balance at its end."""

    month: MonthOut
    recurring_expenses: Decimal
    balance: Decimal
    expenses: list[ExpenseEffect]


@attrs.frozen(slots=False)
class LowestPoint:
    """The first month at whose end the balance is lowest."""

    month: MonthOut
    balance: Decimal


@attrs.frozen(slots=False)
class Breakdown:
    """The months to come. They open with the balance of today less what is still due this month; `totals` is of all."""

    opening_balance: Decimal
    months: list[MonthBreakdown]
    totals: list[ExpenseEffect]
    lowest: LowestPoint


_encode = msgspec.json.Encoder(decimal_format="number").encode
_EXPENSE_ID = Parameter("expense_id", "path", Count, "Which expense", required=True)
_TV = {"expense_name": "TV Subscription", "amount": 12.99, "frequency": "monthly", "start_date": "2024-01-01"}
_MUSIC = {"expense_name": "Music Subscription", "amount": 15.99, "frequency": "monthly", "start_date": "2024-01-01"}
_ADDED = "Recurring expense added successfully."
_UPDATED = "Recurring expense updated successfully."
_DELETED = "Recurring expense deleted successfully."


class RecurringExpensesResource:
    """`GET` and `POST /api/recurring-expenses`."""

    def __init__(self, plan_expenses: PlanExpenses, authentication: Authentication) -> None:
        self._plan_expenses = plan_expenses
        self._authentication = authentication

    @describe(
        Operation(
            summary="List the recurring expenses, oldest first",
            response=list[ExpenseObject],
            answer_example=[{"id": 1, **_TV}],
            answer="The expenses",
            access=Access.USER,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        expenses = self._plan_expenses.show(self._authentication.user(req))
        resp.data = _encode([_shown(one) for one in expenses])

    @describe(
        Operation(
            summary="Add a recurring expense",
            description=(
                "One that began on a day that a month hasn't got falls due on that month's last day. "
                "A positive amount is paid, a negative one received."
            ),
            status=201,
            request=ExpenseBody,
            example=_TV,
            response=ExpenseKept,
            answer_example={"msg": _ADDED, "data": {"id": 1, **_TV}},
            answer="The expense was added",
            access=Access.USER,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        added = self._plan_expenses.add(identity, parse_body(read_body(req)))
        resp.status = 201
        resp.data = _encode(ExpenseKept(_ADDED, _shown(added)))


class RecurringExpenseResource:
    """`PUT` and `DELETE /api/recurring-expenses/{expense_id}`."""

    def __init__(self, plan_expenses: PlanExpenses, authentication: Authentication) -> None:
        self._plan_expenses = plan_expenses
        self._authentication = authentication

    @describe(
        Operation(
            summary="Change a recurring expense",
            description="Replaces all of it.",
            parameters=(_EXPENSE_ID,),
            request=ExpenseBody,
            example=_MUSIC,
            response=ExpenseKept,
            answer_example={"msg": _UPDATED, "data": {"id": 1, **_MUSIC}},
            answer="The expense was changed",
            access=Access.USER,
        )
    )
    def on_put(self, req: falcon.Request, resp: falcon.Response, expense_id: str) -> None:
        identity = self._authentication.user(req)
        fields = parse_body(read_body(req))
        changed = self._plan_expenses.change(identity, _expense_id(expense_id), fields)
        resp.data = _encode(ExpenseKept(_UPDATED, _shown(changed)))

    @describe(
        Operation(
            summary="Delete a recurring expense",
            parameters=(_EXPENSE_ID,),
            response=ExpenseRemoved,
            answer_example={"msg": _DELETED},
            answer="The expense was deleted",
            access=Access.USER,
        )
    )
    def on_delete(self, req: falcon.Request, resp: falcon.Response, expense_id: str) -> None:
        identity = self._authentication.user(req)
        self._plan_expenses.remove(identity, _expense_id(expense_id))
        resp.data = _encode(ExpenseRemoved(_DELETED))


class ProjectionResource:
    """`GET /api/recurring-expenses/projection`."""

    def __init__(self, plan_expenses: PlanExpenses, authentication: Authentication) -> None:
        self._plan_expenses = plan_expenses
        self._authentication = authentication

    @describe(
        Operation(
            summary="Project the recurring expenses of the next 12 months",
            description="From the calendar month after the current one, by UTC.",
            response=list[MonthlyExpenses],
            answer_example=[{"month": "2024-12", "recurring_expenses": 12.99}],
            answer="The months",
            access=Access.USER,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        plan = self._plan_expenses.plan(self._authentication.user(req))
        resp.data = _encode([MonthlyExpenses(str(one.month), one.recurring_expenses) for one in plan.projection.months])


class BreakdownResource:
    """`GET /api/recurring-expenses/projection/breakdown`."""

    def __init__(self, plan_expenses: PlanExpenses, authentication: Authentication) -> None:
        self._plan_expenses = plan_expenses
        self._authentication = authentication

    @describe(
        Operation(
            summary="Show what each recurring expense will do to the balance",
            description=(
                "From the calendar month after the current one, by UTC. The first opens with today's balance less "
                "what falls due from today to the end of the current month."
            ),
            parameters=(
                Parameter(
                    "months",
                    "query",
                    Annotated[int, Meta(ge=1, le=MOST_MONTHS)],
                    f"How many months; {DEFAULT_MONTHS} unless told",
                ),
            ),
            response=Breakdown,
            answer_example={
                "opening_balance": 100.0,
                "months": [
                    {
                        "month": "2024-12",
                        "recurring_expenses": 12.99,
                        "balance": 87.01,
                        "expenses": [
                            {
                                "id": 1,
                                "expense_name": "TV Subscription",
                                "occurrences": 1,
                                "total": 12.99,
                                "effect": -12.99,
                            }
                        ],
                    }
                ],
                "totals": [
                    {"id": 1, "expense_name": "TV Subscription", "occurrences": 1, "total": 12.99, "effect": -12.99}
                ],
                "lowest": {"month": "2024-12", "balance": 87.01},
            },
            answer="The months, and the expenses' parts in them",
            access=Access.USER,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        months = query_integer(req, "months", largest=MOST_MONTHS, default=DEFAULT_MONTHS)
        resp.data = _encode(_breakdown(self._plan_expenses.plan(identity, months)))


def _expense_id(text: str) -> int:
    try:
        return path_integer(text)
    except NotFound:
        raise ExpenseNotFound from None


def _shown(expense: RecurringExpense) -> ExpenseObject:
    one = expense.recurrence
    return ExpenseObject(expense.id, one.expense_name, one.amount, one.frequency, one.start_date)


def _breakdown(plan: Plan) -> Breakdown:
    projection = plan.projection
    lowest = projection.lowest
    return Breakdown(
        projection.opening_balance,
        [_month(plan, one) for one in projection.months],
        _effects(plan, projection.occurrences),
        LowestPoint(str(lowest.month), lowest.balance),
    )


def _month(plan: Plan, month: ProjectedMonth) -> MonthBreakdown:
    effects = _effects(plan, month.occurrences)
    return MonthBreakdown(str(month.month), month.recurring_expenses, month.balance, effects)


def _effects(plan: Plan, occurrences: tuple[int, ...]) -> list[ExpenseEffect]:
    effects = []
    for expense, count in zip(plan.expenses, occurrences, strict=True):
        total = sum_of(expense.recurrence, count)
        name = expense.recurrence.expense_name
        effects.append(ExpenseEffect(expense.id, name, count, total, -total))
    return effects
