"""Recurring expenses and their projection. Source: seed A, task 2; contract A4 to A6."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

import falcon
from msgspec import Meta

from domain.model.errors import EmptyExpense, EmptyFields, ExpenseNotFound, MissingFields, QuotaReached
from domain.model.quotas import STANDARD_QUOTAS
from domain.model.recurring import LONGEST_EXPENSE_NAME, Frequency, Recurrence, RecurringExpense
from domain.model.sessions import Identity
from domain.rules.projection import DEFAULT_MONTHS, MOST_MONTHS, ProjectedMonth, sum_of
from domain.use_cases.planning.plan_expenses import Plan, PlanExpenses
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, encode
from entrypoints.http.fields import Day, SignedAmount
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, PathParameter, Route, Tag, resource
from entrypoints.http.reading import wire

MonthOut = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}$")]


@wire()
class ExpenseBody:
    """What comes back, how much, how often, and since which day."""

    expense_name: Annotated[str, Meta(min_length=1, max_length=LONGEST_EXPENSE_NAME)]
    amount: SignedAmount
    frequency: Frequency
    start_date: Day


@wire(empty=EmptyExpense)
class NewExpenseBody(ExpenseBody):
    """What comes back, how much, how often, and since which day."""


@wire()
class BreakdownQuery:
    """How far to look ahead."""

    months: Annotated[int, Meta(ge=1, le=MOST_MONTHS, description=f"How many months; {DEFAULT_MONTHS} unless told")] = (
        DEFAULT_MONTHS
    )


class ExpenseObject(Answer):
    """A recurring expense; a positive amount is paid, a negative one received."""

    id: int
    expense_name: str
    amount: Decimal
    frequency: Frequency
    start_date: date


class ExpenseKept(Answer):
    """What was done, and the expense as it is now."""

    msg: str
    data: ExpenseObject


class ExpenseRemoved(Answer):
    """What was done."""

    msg: str


class MonthlyExpenses(Answer):
    """The signed sum of what falls due in a month: what is paid less what is received."""

    month: MonthOut
    recurring_expenses: Decimal


class ExpenseEffect(Answer):
    """How often an expense falls due, what that adds up to, and how it changes the balance."""

    id: int
    expense_name: str
    occurrences: int
    total: Decimal
    effect: Decimal


class MonthBreakdown(Answer):
    """A month: each expense's part in it, oldest first, and the balance at its end."""

    month: MonthOut
    recurring_expenses: Decimal
    balance: Decimal
    expenses: list[ExpenseEffect]


class LowestPoint(Answer):
    """The first month at whose end the balance is lowest."""

    month: MonthOut
    balance: Decimal


class Breakdown(Answer):
    """The months to come. They open with the balance of today less what is still due this month; `totals` is of all."""

    opening_balance: Decimal
    months: list[MonthBreakdown]
    totals: list[ExpenseEffect]
    lowest: LowestPoint


_ID = PathParameter("expense_id", "Which expense", otherwise=ExpenseNotFound)
_TV = {"expense_name": "TV Subscription", "amount": 12.99, "frequency": "monthly", "start_date": "2024-01-01"}
_MUSIC = {"expense_name": "Music Subscription", "amount": 15.99, "frequency": "monthly", "start_date": "2024-01-01"}
_EFFECT = {"id": 1, "expense_name": "TV Subscription", "occurrences": 1, "total": 12.99, "effect": -12.99}
_ADDED = "Recurring expense added successfully."
_UPDATED = "Recurring expense updated successfully."
_DELETED = "Recurring expense deleted successfully."
_NAMES = ("expense_name",)


@resource
class RecurringExpensesResource:
    """Keeps a customer's recurring expenses, and projects them."""

    tag = Tag("Recurring expenses", "What comes back, and what it will do to the balance")
    plan_expenses: PlanExpenses

    @Operation(
        summary="List the recurring expenses, oldest first",
        access=Access.USER,
        response=list[ExpenseObject],
        answer_example=[{"id": 1, **_TV}],
        answer="The expenses",
    )
    def on_get_list(self, req: falcon.Request, resp: falcon.Response, identity: Identity) -> None:
        resp.data = encode([_shown(one) for one in self.plan_expenses.show(identity)])

    @Operation(
        summary="Add a recurring expense",
        description=(
            "One that began on a day that a month hasn't got falls due on that month's last day. "
            "A positive amount is paid, a negative one received."
        ),
        access=Access.USER,
        status=201,
        body=NewExpenseBody,
        example=_TV,
        response=ExpenseKept,
        answer_example={"msg": _ADDED, "data": {"id": 1, **_TV}},
        answer="The expense was added",
        raises=(
            MissingFields(_NAMES),
            EmptyExpense(_NAMES),
            QuotaReached("recurring", STANDARD_QUOTAS.most("recurring")),
        ),
    )
    def on_post_list(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, body: NewExpenseBody
    ) -> None:
        added = self.plan_expenses.add(identity, _recurrence(body))
        resp.data = encode(ExpenseKept(_ADDED, _shown(added)))

    @Operation(
        summary="Change a recurring expense",
        description="Replaces all of it.",
        access=Access.USER,
        path=(_ID,),
        body=ExpenseBody,
        example=_MUSIC,
        response=ExpenseKept,
        answer_example={"msg": _UPDATED, "data": {"id": 1, **_MUSIC}},
        answer="The expense was changed",
        raises=(MissingFields(_NAMES), EmptyFields(_NAMES)),
    )
    def on_put_one(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, expense_id: int, body: ExpenseBody
    ) -> None:
        changed = self.plan_expenses.change(identity, expense_id, _recurrence(body))
        resp.data = encode(ExpenseKept(_UPDATED, _shown(changed)))

    @Operation(
        summary="Delete a recurring expense",
        access=Access.USER,
        path=(_ID,),
        response=ExpenseRemoved,
        answer_example={"msg": _DELETED},
        answer="The expense was deleted",
    )
    def on_delete_one(self, req: falcon.Request, resp: falcon.Response, identity: Identity, expense_id: int) -> None:
        self.plan_expenses.remove(identity, expense_id)
        resp.data = encode(ExpenseRemoved(_DELETED))

    @Operation(
        summary="Project the recurring expenses of the next 12 months",
        description="From the calendar month after the current one, by UTC.",
        access=Access.USER,
        response=list[MonthlyExpenses],
        answer_example=[{"month": "2024-12", "recurring_expenses": 12.99}],
        answer="The months",
    )
    def on_get_projection(self, req: falcon.Request, resp: falcon.Response, identity: Identity) -> None:
        months = self.plan_expenses.plan(identity).projection.months
        resp.data = encode([MonthlyExpenses(str(one.month), one.recurring_expenses) for one in months])

    @Operation(
        summary="Show what each recurring expense will do to the balance",
        description=(
            "From the calendar month after the current one, by UTC. The first opens with today's balance less "
            "what falls due from today to the end of the current month."
        ),
        access=Access.USER,
        query=BreakdownQuery,
        response=Breakdown,
        answer_example={
            "opening_balance": 100.0,
            "months": [{"month": "2024-12", "recurring_expenses": 12.99, "balance": 87.01, "expenses": [_EFFECT]}],
            "totals": [_EFFECT],
            "lowest": {"month": "2024-12", "balance": 87.01},
        },
        answer="The months, and the expenses' parts in them",
    )
    def on_get_breakdown(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, query: BreakdownQuery
    ) -> None:
        resp.data = encode(_breakdown(self.plan_expenses.plan(identity, query.months)))


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of recurring expenses."""
    expenses = RecurringExpensesResource(hucha.plan_expenses)
    return [
        Route("/api/recurring-expenses", expenses, "list"),
        Route("/api/recurring-expenses/projection", expenses, "projection"),
        Route("/api/recurring-expenses/projection/breakdown", expenses, "breakdown"),
        Route("/api/recurring-expenses/{expense_id}", expenses, "one"),
    ]


def _recurrence(body: ExpenseBody) -> Recurrence:
    return Recurrence(body.expense_name, body.amount, body.frequency, body.start_date)


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
