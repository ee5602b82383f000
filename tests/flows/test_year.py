"""A simulated year of reminders against a list worked out here from the published holidays, not from the calendar library."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from config.calendar import SHANGHAI
from flows import sample, steps
from flows.office import Office, open_office
from flows.steps.opening import workbook_specs
from warehouse.store import Reader

PERIODS = ("2019-Q3", "2019-Q4", "2020-Q1", "2020-Q2")
# State Council notices for 2019 and 2020 (Spring Festival 2020 prolonged by the notice of 26 January).
REST = [
    ("2019-10-01", 7),
    ("2020-01-01", 1),
    ("2020-01-24", 10),
    ("2020-04-04", 3),
    ("2020-05-01", 5),
    ("2020-06-25", 3),
]
WORKED_WEEKENDS = {"2019-10-12", "2020-01-19", "2020-04-26", "2020-05-09", "2020-06-28"}
LEVELS = {"clerk": "tbr", "head": "bgs"}


def is_working(day: date) -> bool:
    if day.isoformat() in WORKED_WEEKENDS:
        return True
    for start, length in REST:
        first = date.fromisoformat(start)
        if first <= day < first + timedelta(days=length):
            return False
    return day.weekday() < 5


def working_days_from(day: date, n: int) -> date:
    step = timedelta(days=1 if n > 0 else -1)
    while n:
        day += step
        if is_working(day):
            n -= 1 if n > 0 else -1
    return day


@pytest.fixture()
def utc_container() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.__setitem__("TZ", before)
    time.tzset()


def test_a_year_of_reminders(tmp_path: Path, utc_container: None) -> None:
    rng = random.Random(20191001)
    office = open_office(tmp_path / "home", trigger="test")
    owing_units = sorted({o.unit for o in office.config.obligations() if o.is_owed})
    reported: dict[tuple[str, str], date] = {}
    wanted: set[tuple[date, str, str, str]] = set()
    for period in PERIODS:
        end = {"1": "03-31", "2": "06-30", "3": "09-30", "4": "12-31"}[period[-1]]
        period_end = date.fromisoformat(f"{period[:4]}-{end}")
        due = working_days_from(period_end, 10)
        waves = [working_days_from(due, n) for n in (-3, 0, 2)]
        for unit in owing_units:
            wave = rng.choice([0, 0, 0, 1, 2, None])
            if wave is not None:
                reported[unit, period] = waves[wave]
        _play_quarter(office, period, period_end, due, reported, waves, rng)
        plan = [(-5, "clerk"), (-1, "clerk"), (0, "clerk"), (1, "clerk"), (3, "head"), (5, "coordinator")]
        for offset, level in plan:
            day = working_days_from(due, offset) if offset else due
            for unit in owing_units:
                # Reminders go out at nine, files of the same day are collected at eleven.
                if reported.get((unit, period), date.max) < day:
                    continue
                prefix = f"x{unit}" if unit.isdigit() else unit.lower()
                to = "tongchou" if level == "coordinator" else f"{prefix}.{LEVELS[level]}"
                wanted.add((day, period, f"{to}@meizhou.example", level))
    with Reader(office.home.snapshot) as reader:
        mails = [
            r for r in reader.rows("list_mails", {"period": None, "state": None}) if r["kind"] == "reminder"
        ]
    got = [(m["queued_at"].astimezone(SHANGHAI).date(), m["period"], m["recipient"]) for m in mails]
    assert len(got) == len(set(got)), "a reminder was queued twice"
    assert set(got) == {(day, period, to) for day, period, to, _ in wanted}
    assert all(is_working(day) for day, _, _ in got)


def _play_quarter(
    office: Office, period: str, period_end: date, due: date, reported: dict[tuple[str, str], date],
    waves: list[date], rng: random.Random,
) -> None:  # fmt: skip
    """Every day from the opening to ten days after grace: reminders at nine, sometimes again, now and then back in time."""

    def at(day: date, hour: int) -> datetime:
        return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)

    opened = at(period_end + timedelta(days=1), 8)
    steps.open_cycle(office, period, opened)
    day = period_end + timedelta(days=1)
    while day <= due + timedelta(days=16):
        steps.remind(office, at(day, 9), send=False)
        if rng.random() < 0.2:
            steps.remind(office, at(day, rng.randint(10, 23)), send=False)
        if rng.random() < 0.1:  # the clock was set back and forward again
            steps.remind(office, at(day - timedelta(days=rng.randint(1, 3)), 9), send=False)
        if day in waves:
            _collect(
                office,
                period,
                [u for (u, p), when in reported.items() if p == period and when == day],
                at(day, 11),
            )
        day += timedelta(days=1)


def _collect(office: Office, period: str, units: list[str], moment: datetime) -> None:
    due_at = office.config.calendar.due_at(period, office.config.settings.deadline)
    specs = workbook_specs(office, period, due_at, {}, moment)
    then = time.time() - 60
    for unit in units:
        path = office.home.inbox / unit / f"{unit}_{period}.xlsx"
        path.write_bytes(sample.workbook(specs[unit], sample.figures(office.config, unit, period)))
        os.utime(path, (then, then))
    result = steps.collect(office, moment, send=False)
    assert result.accepted + result.accepted_with_warnings == len(units), result.lines
