"""Remind: who still owes, and only for what is owed, on working days, once a step whatever is rerun."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from config.calendar import SHANGHAI
from flows import letters
from flows.letters.urging import Step
from flows.office import Office
from flows.steps.delivering import deliver
from flows.steps.running import recorded
from templates.views import FindingLine, OwedItem, OwingUnit
from warehouse import facts, ledger
from warehouse.store import Store


@dataclass
class RemindResult:
    queued: int = 0
    sent: int = 0
    lines: list[str] = field(default_factory=list)


def remind(office: Office, as_of: datetime, *, period: str | None = None, send: bool = True) -> RemindResult:
    """Queues the reminders due on the day of ``as_of`` for every open cycle (or ``period``) and sends them.

    Steps come from settings.reminders: working days before the due date, the day itself, and the
    escalation after it (clerk, head of office, coordinator). Rest days are silent.
    """
    office.home.create()
    result = RemindResult()
    with office.store() as store:
        cycles = [c for c in store.rows("list_cycles") if period in (None, c["period"])]
        due_today = [(c, s) for c in cycles for s in steps_on(office, c["due_at"], as_of)]
        if due_today:
            with recorded(office, store, "remind", period), store.transaction():
                for cycle, step in due_today:
                    _remind_step(office, store, cycle, step, as_of, result)
        elif not office.config.calendar.is_working_day(as_of.astimezone(SHANGHAI).date()):
            result.lines.append(f"{as_of:%Y-%m-%d} 不是工作日,不催报")
    if send:
        result.sent = deliver(office, as_of).sent
    return result


def steps_on(office: Office, due_at: datetime, as_of: datetime) -> Iterator[Step]:
    """The steps that fall on the working day of ``as_of`` for a cycle due at ``due_at``."""
    calendar, rules = office.config.calendar, office.config.settings.reminders
    today, due = as_of.astimezone(SHANGHAI).date(), due_at.astimezone(SHANGHAI).date()
    if not calendar.is_working_day(today):
        return
    for n in rules.before_working_days:
        if calendar.add_working_days(due, -n) == today:
            yield Step(f"before-{n}", "clerk", "blue", n)
    if rules.on_due_day and today == due:
        yield Step("due", "clerk", "blue", 0)
    for level in rules.escalation:
        if calendar.add_working_days(due, level.after) == today:
            yield Step(f"overdue-{level.after}-{level.level}", level.level, level.colour, -level.after)


def _remind_step(
    office: Office, store: Store, cycle: dict[str, object], step: Step, as_of: datetime, result: RemindResult
) -> None:
    period = str(cycle["period"])
    names = {u.code: u.name for u in office.config.units}
    items: dict[str, list[OwedItem]] = defaultdict(list)
    for row in facts.owed_items(store, period):
        items[row["unit"]].append(OwedItem(row["item"], row["item_kind"], row["name"], row["unit_label"]))
    errors: dict[str, list[FindingLine]] = defaultdict(list)
    for row in store.rows("list_last_errors", {"period": period}):
        errors[row["unit"]].append(
            FindingLine("error", row["sheet"] or "", row["cell"] or "", row["value"] or "", row["message"])
        )
    owing = [OwingUnit(u, names.get(u, u), tuple(owed), tuple(errors[u])) for u, owed in items.items()]
    folder = office.home.workbooks(period)
    books = {
        u.unit: (path.name, path.read_bytes())
        for u in owing
        if (path := folder / f"{u.unit}_{period}.xlsx").exists()
    }
    due_at, grace_until = cycle["due_at"], cycle["grace_until"]
    assert isinstance(due_at, datetime) and isinstance(grace_until, datetime)
    mails = letters.reminders(office, period, due_at, grace_until, step, owing, books, as_of)
    new = ledger.enqueue(store, mails)
    result.queued += new
    result.lines.append(f"{period} {step.name}:欠报 {len(owing)} 家,新催报 {new} 封")
