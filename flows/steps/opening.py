"""Open: freeze who owes what for a quarter, write every unit's workbook, announce it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checks.rules_page import rules_rows
from config.calendar import previous_period
from config.plan import Measure
from config.register import ObligationSpec
from flows import letters
from flows.letters import Post
from flows.office import Office
from flows.steps.running import recorded
from flows.steps.viewing import NotOpened
from templates.views import OwedItem
from templates.workbook import FigureRow, ProgressRow, WorkbookSpec, upload_workbook
from warehouse import ledger, register
from warehouse.durable import sweep, write_whole
from warehouse.killpoints import reached
from warehouse.store import Store


@dataclass(frozen=True)
class OpenResult:
    period: str
    due_at: datetime
    obligations: int
    workbooks: int
    mails: int


def open_cycle(office: Office, period: str, as_of: datetime) -> OpenResult:
    """Opens the cycle of ``period``; an open one stays as frozen, only missing workbooks are written again."""
    office.home.create()
    config = office.config
    due_at = config.calendar.due_at(period, config.settings.deadline)
    grace_until = config.calendar.grace_until(period, config.settings.deadline)
    with office.store() as store, recorded(office, store, "open_cycle", period) as _:
        written = _write_workbooks(office, store, period, due_at, as_of)
        mails = 0
        if not store.rows("read_cycle", {"period": period}):
            with store.transaction():
                register.record_register(store, config, as_of)
                register.open_cycle(store, config, period, as_of, due_at, grace_until)
                mails = ledger.enqueue(store, _announce(office, period, due_at, grace_until, written, as_of))
                reached("enqueue")
        obligations = sum(o.is_owed for o in config.obligations())
    return OpenResult(period, due_at, obligations, len(config.units), mails)


def check_not_over(office: Office, period: str, as_of: datetime) -> None:
    """A rerun opens what was forgotten, but no quarter that nobody can report in time any more: it would ask every
    unit for figures of long ago. Who wants that opens the quarter by its own name.

    :raises NotOpened: ``period`` was never opened and its grace ended before ``as_of``
    """
    grace_until = office.config.calendar.grace_until(period, office.config.settings.deadline)
    if as_of <= grace_until:
        return
    if office.reader().has_data():
        with office.reader() as reader:
            if reader.rows("read_cycle", {"period": period}):
                return
    raise NotOpened(
        f"{period} 从未开启，补报宽限期已于 {grace_until:%Y-%m-%d %H:%M} 结束；重跑不补开，以免向各单位寄信索要旧数据。"
        f"确要补开，请运行 jibao open --period {period}"
    )


def workbook_specs(
    office: Office,
    period: str,
    due_at: datetime,
    previous: Mapping[tuple[str, str], Mapping[str, Any]],
    as_of: datetime,
    units: Container[str] | None = None,
) -> dict[str, WorkbookSpec]:
    """What each unit's workbook holds, by unit code.

    :param previous: last quarter's figures by (unit, item)
    :param units: codes, if not all of them
    """
    config, plan = office.config, office.config.plan
    items: dict[str, list[ObligationSpec]] = defaultdict(list)
    for o in config.obligations():
        items[o.unit].append(o)
    contact, rules = Post(office, as_of).view.contact, tuple(rules_rows(office.say))
    specs = {}
    for unit in config.units:
        if units is not None and unit.code not in units:
            continue
        figures, progress = [], []
        for o in items[unit.code]:
            if o.item_kind != "indicator":
                progress.append(ProgressRow(o.item, config.item_name(o.item), o.role))
                continue
            i = config.indicator(o.item)
            last = previous.get((unit.code, o.item), {})
            figures.append(
                FigureRow(
                    i.code, i.name, i.unit_label, i.definition, i.target.wording, str(i.measure), i.needs_parts,
                    last.get("state" if i.measure is Measure.STATE else "value"),
                )
            )  # fmt: skip
        specs[unit.code] = WorkbookSpec(
            plan.plan_id, plan.name, config.plan_hash, unit.code, unit.name, period, due_at, contact,
            tuple(figures), tuple(progress), rules=rules, end_year=plan.end_year, say=office.say,
        )  # fmt: skip
    return specs


def _write_workbooks(
    office: Office, store: Store, period: str, due_at: datetime, as_of: datetime
) -> dict[str, bytes]:
    """Makes every unit's drop folder and the workbooks that do not lie there yet; returns these, by unit."""
    inbox, place = office.home.inbox, office.home.workbooks(period)
    place.mkdir(parents=True, exist_ok=True)
    sweep(place)
    codes = {unit.code for unit in office.config.units}
    for unit in sorted(codes.difference(folder.name for folder in inbox.iterdir())):
        (inbox / unit).mkdir(exist_ok=True)
    there = {workbook.name for workbook in place.iterdir()}
    missing = {unit for unit in codes if _workbook_name(unit, period) not in there}
    if not missing:
        return {}
    rows = store.rows("list_previous_figures", {"period": previous_period(period)})
    previous = {(r["unit"], r["item"]): r for r in rows}
    written = {}
    for unit, spec in workbook_specs(office, period, due_at, previous, as_of, missing).items():
        written[unit] = upload_workbook(spec)
        write_whole(place / _workbook_name(unit, period), written[unit], synced=True, point="workbook")
    return written


def _workbook_name(unit: str, period: str) -> str:
    return f"{unit}_{period}.xlsx"


def _announce(
    office: Office, period: str, due_at: datetime, grace_until: datetime,
    written: Mapping[str, bytes], as_of: datetime,
) -> list[ledger.OutgoingMail]:  # fmt: skip
    """The opening mails, each with its unit's workbook: the one just ``written``, or left by a run cut short."""
    workbooks, folder = {}, office.home.workbooks(period)
    for unit in office.config.units:
        name = _workbook_name(unit.code, period)
        workbooks[unit.code] = (name, written.get(unit.code) or (folder / name).read_bytes())
    owed: dict[str, list[OwedItem]] = defaultdict(list)
    optional: dict[str, int] = defaultdict(int)
    labels = {i.code: i.unit_label for i in office.config.plan.indicators}
    for o in office.config.obligations():
        if o.is_owed:
            name, label = office.config.item_name(o.item), labels.get(o.item, "")
            owed[o.unit].append(OwedItem(o.item, o.item_kind, name, label))
        else:
            optional[o.unit] += 1
    return letters.opening(office, period, due_at, grace_until, owed, optional, workbooks, as_of)
