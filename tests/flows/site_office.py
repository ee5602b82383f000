"""An office with a site worth looking at: two quarters, one unit late, one silent, a figure corrected after publication."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from config.calendar import SHANGHAI, period_end, previous_period
from flows import sample, steps
from flows.office import Office, open_office
from flows.steps.opening import workbook_specs

PERIOD, LATE, SILENT = "2019-Q3", "441422", "441424"
REPORTED = datetime(2019, 10, 23, 9, tzinfo=SHANGHAI)
CORRECTED = ("SWJ", "I-01", previous_period(PERIOD))


def site_office(home: Path) -> Office:
    (home / "config").mkdir(parents=True)
    (home / "config/targets.csv").write_text(sample.baselines(open_office(home).config), "utf-8")
    office = open_office(home, trigger="test")
    for period in (previous_period(PERIOD), PERIOD):
        opened = datetime.combine(period_end(period) + timedelta(days=1), datetime.min.time(), SHANGHAI)
        due = office.config.calendar.due_at(period, office.config.settings.deadline)
        steps.open_cycle(office, period, opened)
        specs = workbook_specs(office, period, due, {}, opened)
        for unit, spec in specs.items():
            if period != PERIOD or unit not in (LATE, SILENT):
                _drop(
                    office, unit, sample.workbook(spec, sample.figures(office.config, unit, period)), period
                )
        steps.collect(office, due - timedelta(days=1))
        if period == PERIOD:
            _drop(
                office,
                LATE,
                sample.workbook(specs[LATE], sample.figures(office.config, LATE, period)),
                period,
            )
            steps.collect(office, due + timedelta(hours=1))
            _correct(office, due + timedelta(hours=2))
        steps.report(office, period, due + timedelta(days=1) if period != PERIOD else REPORTED, send=True)
    return office


def _correct(office: Office, as_of: datetime) -> None:
    """The unit sends the published quarter again with another figure, and says why."""
    unit, item, period = CORRECTED
    due = office.config.calendar.due_at(period, office.config.settings.deadline)
    filled = sample.figures(office.config, unit, period)
    changed = sample.with_factor(filled, item, 1.02)
    spec = workbook_specs(office, period, due, {}, as_of)[unit]
    _drop(office, unit, sample.workbook(spec, changed), period, "更正")
    steps.collect(office, as_of)


def _drop(office: Office, unit: str, body: bytes, period: str, mark: str = "") -> None:
    path = office.home.inbox / unit / f"{unit}_{period}{mark}.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
