"""Each unit's own page, filled set-wise: four queries for all units of a period, then one record a unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from config.calendar import period_end, previous_period
from flows.letters import Post
from flows.office import Office
from templates.report import unit_page
from templates.views import FindingLine, UnitFigureLine, UnitFileLine, UnitLine, UnitPageView
from warehouse.durable import write_whole
from warehouse.store import Reader, Store


def portraits(
    store: Store | Reader, office: Office, period: str, as_of: datetime
) -> tuple[UnitPageView, ...]:
    """One record for every unit that has a reporting rate in ``period``, in rank order."""
    cycle = store.rows("read_cycle", {"period": period})[0]
    given = {"period": period}
    rates = store.rows("list_summary_rates", given)
    before = {"previous": previous_period(period)}
    figures = store.grouped("list_unit_figures", "unit", UnitFigureLine, given | before)
    files = store.grouped("list_unit_files", "unit", UnitFileLine, given)
    findings: dict[str, list[FindingLine]] = defaultdict(list)
    for f in store.rows("list_unit_findings", given):
        line = FindingLine(f["severity"], f["sheet"] or "", f["cell"] or "", f["value"] or "", f["message"])
        findings[f["unit"]].append(line)
    ranked = sum(r["rank"] is not None for r in rates)
    following, due, is_provisional = _next(office, period)
    return tuple(
        UnitPageView(
            period=period,
            unit=r["unit"],
            unit_name=r["name"] or r["unit"],
            as_of=as_of,
            due_at=r["due_at"],
            grace_until=max(r["due_at"], cycle["grace_until"]),
            rate=_rate(r, figures[r["unit"]], as_of > r["due_at"]),
            units_ranked=ranked,
            figures=tuple(figures[r["unit"]]),
            files=tuple(files[r["unit"]]),
            findings=tuple(findings[r["unit"]]),
            next_period=following,
            next_due_at=due,
            next_is_provisional=is_provisional,
        )
        for r in rates
    )


def write(office: Office, views: Sequence[UnitPageView]) -> None:
    """``HOME/site/units/UNIT_PERIOD.html`` for each view, each file whole."""
    if not views:
        return
    folder = office.home.site / "units"
    folder.mkdir(parents=True, exist_ok=True)
    for path, page in _pages(office, views, folder):
        write_whole(path, page)


def _pages(office: Office, views: Sequence[UnitPageView], folder: Path) -> Iterator[tuple[Path, str]]:
    who = Post(office, views[0].as_of).view
    for view in views:
        yield folder / f"{view.unit}_{view.period}.html", unit_page(office.renderer, who, view)


def _rate(rate: Mapping[str, Any], figures: Sequence[UnitFigureLine], is_overdue: bool) -> UnitLine:
    owed = sum(f.is_owed and not f.is_reported for f in figures)
    return UnitLine(
        rate["unit"], rate["name"] or rate["unit"], rate["expected"], rate["accepted"], rate["completeness_pct"],
        rate["timeliness_pct"], rate["quality_pct"], rate["rank"],
        is_late=is_overdue and (rate["timely"] or 0) < rate["expected"], owed_count=owed,
    )  # fmt: skip


def _next(office: Office, period: str) -> tuple[str | None, datetime | None, bool]:
    """The following period of the plan, its deadline, and whether that rests on assumed working days."""
    following = previous_period(period, -1)
    if following > office.config.plan.end_period:
        return None, None, False
    calendar, deadline = office.config.calendar, office.config.settings.deadline
    due = calendar.due_at(following, deadline)
    ends = period_end(following)
    return following, due, calendar.is_provisional(ends) or calendar.is_provisional(due.date())
