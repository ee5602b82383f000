"""Remind: who still owes, and only for what is owed, on working days, once a step whatever is rerun."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from config.calendar import SHANGHAI
from flows import letters
from flows.letters.urging import Step
from flows.office import Office
from flows.steps.delivering import deliver
from flows.steps.running import recorded
from templates.views import FindingLine, OwedItem, OwingUnit
from warehouse import deciding, facts, ledger
from warehouse.store import Store

# A reminder later than this no longer helps anybody.
MAKE_UP_DAYS = 3


@dataclass
class RemindResult:
    queued: int = 0
    sent: int = 0
    lines: list[str] = field(default_factory=list)


def remind(office: Office, as_of: datetime, *, period: str | None = None, send: bool = True) -> RemindResult:
    """Queues the reminders due by the day of ``as_of`` for every open cycle (or ``period``) and sends them.

    Steps come from settings.reminders: working days before the due date, the day itself, and the
    escalation after it (clerk, head of office, coordinator). Rest days are silent. A step that was
    missed (server down) is made up once within MAKE_UP_DAYS; of several missed only the last is sent.
    """
    office.home.create()
    result = RemindResult()
    today = as_of.astimezone(SHANGHAI).date()
    if not office.config.calendar.is_working_day(today):
        result.lines.append(f"{today} 不是工作日，不催报")
        return result
    with office.store() as store:
        closed = deciding.closed_periods(store)
        cycles = [
            r
            for c in store.rows("list_cycles")
            if period in (None, c["period"]) and c["period"] not in closed
            for r in _rounds(store, c)
        ]
        done = {(r["period"], r["step"]) for r in store.rows("list_reminder_steps")}
        pending = [
            (
                c,
                [
                    (d, s)
                    for d, s in steps_until(office, c["due_at"], today, c["mark"])
                    if (c["period"], s.name) not in done
                ],
            )
            for c in cycles
        ]
        if any(steps for _, steps in pending):
            with recorded(office, store, "remind", period), store.transaction():
                for cycle, steps in pending:
                    _carry_out(office, store, cycle, steps, today, as_of, result)
    if send:
        result.sent = deliver(office, as_of).sent
    return result


def _rounds(store: Store, cycle: dict[str, Any]) -> list[dict[str, Any]]:
    """The cycle once for every deadline in it: the common one, and each that units were given by extension.

    ``units`` are those concerned, ``mark`` tells the steps of one deadline from those of another.
    """
    moved = deciding.extended_deadlines(store, cycle["period"])
    owing = {r["unit"] for r in store.rows("list_owed", {"period": cycle["period"], "units": []})}
    rounds = [cycle | {"mark": "", "units": owing - set(moved)}]
    for due_at in sorted(set(moved.values())):
        rounds.append(
            cycle
            | {
                "due_at": due_at,
                "grace_until": max(due_at, cycle["grace_until"]),
                "mark": f"@{due_at.astimezone(SHANGHAI):%Y%m%d%H%M}",
                "units": {u for u, at in moved.items() if at == due_at},
            }
        )
    return rounds


def steps_until(office: Office, due_at: datetime, today: date, mark: str = "") -> list[tuple[date, Step]]:
    """Every step of a cycle due at ``due_at`` whose day has come, oldest first: (its day, the step)."""
    calendar, rules = office.config.calendar, office.config.settings.reminders
    due = due_at.astimezone(SHANGHAI).date()
    steps = [
        (calendar.add_working_days(due, -n), Step(f"before-{n}{mark}", "clerk", "blue", n))
        for n in rules.before_working_days
    ]
    if rules.on_due_day:
        steps.append((due, Step(f"due{mark}", "clerk", "blue", 0)))
    for level in rules.escalation:
        name = f"overdue-{level.after}-{level.level}{mark}"
        steps.append(
            (calendar.add_working_days(due, level.after), Step(name, level.level, level.colour, -level.after))
        )
    return sorted(((day, s) for day, s in steps if day <= today), key=lambda pair: pair[0])


def _carry_out(
    office: Office, store: Store, cycle: dict[str, Any], steps: Sequence[tuple[date, Step]], today: date,
    as_of: datetime, result: RemindResult,
) -> None:  # fmt: skip
    last = steps[-1][0] if steps else today
    calendar, due = office.config.calendar, cycle["due_at"].astimezone(SHANGHAI).date()
    earliest = calendar.add_working_days(today, -MAKE_UP_DAYS)
    rows = []
    for day, step in steps:
        is_sent = day == last and day >= earliest and day >= cycle["opened_at"].astimezone(SHANGHAI).date()
        if is_sent:
            # A step made up later must not tell the days of the day it was missed on.
            said = replace(step, working_days=calendar.working_days_left(today, due))
            _remind_step(office, store, cycle, said, as_of, result)
        rows.append((cycle["period"], step.name, day, as_of, "sent" if is_sent else "passed_over"))
    store.append("reminder_step", ("period", "step", "due_on", "recorded_at", "outcome"), rows)


def _remind_step(
    office: Office, store: Store, cycle: dict[str, Any], step: Step, as_of: datetime, result: RemindResult
) -> None:
    period = cycle["period"]
    names = {u.code: u.name for u in office.config.units}
    items: dict[str, list[OwedItem]] = defaultdict(list)
    for row in facts.owed_items(store, period):
        if row["unit"] in cycle["units"]:
            item = OwedItem(row["item"], row["item_kind"], row["name"], row["unit_label"])
            items[row["unit"]].append(item)
    errors: dict[str, list[FindingLine]] = defaultdict(list)
    for row in store.rows("list_last_errors", {"period": period}):
        errors[row["unit"]].append(
            FindingLine("error", row["sheet"] or "", row["cell"] or "", row["value"] or "", row["message"])
        )
    returned = {r["unit"]: r["reason"] for r in store.rows("list_last_returns", {"period": period})}
    owing = [
        OwingUnit(u, names.get(u, u), tuple(owed), tuple(errors[u]), returned.get(u, ""))
        for u, owed in items.items()
    ]
    folder = office.home.workbooks(period)
    books = {
        u.unit: (path.name, path.read_bytes())
        for u in owing
        if (path := folder / f"{u.unit}_{period}.xlsx").exists()
    }
    mails = letters.reminders(
        office, period, cycle["due_at"], cycle["grace_until"], step, owing, books, as_of
    )
    new = ledger.enqueue(store, mails)
    result.queued += new
    result.lines.append(f"{period} {step.name}：欠报 {len(owing)} 家，新催报 {new} 封")
