"""Reporting periods (quarters, years) and working days by the official calendar (make-up working days included).

Belongs here: dates that follow from a period. Does not: what the clock says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from config.settings import Deadline

SHANGHAI = ZoneInfo("Asia/Shanghai")
# Before 1970 Shanghai's own offset had odd seconds, which the journal reads otherwise than the warehouse; the last
# years have no next day. Nobody means either: it is a year mistyped.
FIRST_YEAR, LAST_YEAR = 1970, 2999
_PERIOD = re.compile(r"([0-9]{4})-(?:Q([1-4])|(A1))\Z")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Cadence(StrEnum):
    """How often a plan reports. Periods are SDMX codes: ``2019-Q3``, ``2019-A1`` (ADR 17)."""

    QUARTERLY = "quarterly"
    YEARLY = "yearly"

    @property
    def example(self) -> str:
        return "2019-A1" if self is Cadence.YEARLY else "2019-Q3"

    @property
    def quarters(self) -> int:
        """Length of a period in quarters."""
        return 4 if self is Cadence.YEARLY else 1


def cadence_of(period: str) -> Cadence:
    """What kind of period this is.

    :raises ValueError: when ``period`` is written neither ``2019-Q3`` nor ``2019-A1``
    """
    return Cadence.YEARLY if _parts(period)[1] is None else Cadence.QUARTERLY


def period_start(period: str) -> date:
    """First day of ``2019-Q3`` or ``2019-A1``.

    :raises ValueError: when ``period`` is not written so
    """
    year, quarter = _parts(period)
    return date(year, 1 if quarter is None else 3 * quarter - 2, 1)


def period_end(period: str) -> date:
    """Last day of ``2019-Q3`` or ``2019-A1``."""
    count = period_index(period) + 1
    return date(count // 4, count % 4 * 3 + 1, 1) - timedelta(days=1)


def period_index(period: str) -> int:
    """Quarters from year 0 to the period's end, so that years and quarters lie on one time axis.

    ``2019-Q4`` and ``2019-A1`` end together and have the same index; SQL counts alike.
    """
    year, quarter = _parts(period)
    return year * 4 + (quarter or 4) - 1


def period_of(day: date, cadence: Cadence = Cadence.QUARTERLY) -> str:
    """The period that ``day`` lies in."""
    return f"{day.year}-A1" if cadence is Cadence.YEARLY else f"{day.year}-Q{(day.month + 2) // 3}"


def previous_period(period: str, n: int = 1) -> str:
    """The period ``n`` quarters or years earlier (later for a negative ``n``), of the same kind."""
    year, quarter = _parts(period)
    if quarter is None:
        return f"{year - n}-A1"
    count = year * 4 + quarter - 1 - n
    return f"{count // 4}-Q{count % 4 + 1}"


def _parts(period: str) -> tuple[int, int | None]:
    match = _PERIOD.match(period)
    if not match:
        raise ValueError(f"不是报告期：{period!r}（应写作 2019-Q3，按年报送的写作 2019-A1）")
    return int(match[1]), int(match[2]) if match[2] else None


@dataclass(frozen=True)
class WorkCalendar:
    """Working days of the office (calendar.yml). ``overrides`` win over everything else.

    :param country: ``CN``: the official Chinese calendar; anything else: the weekend and the listed days alone
    :param weekend: weekdays off, 0 is Monday; the Chinese calendar needs them only beyond its data
    """

    overrides: Mapping[date, bool] = field(default_factory=dict)
    country: str = "CN"
    weekend: frozenset[int] = frozenset({5, 6})

    def is_working_day(self, day: date) -> bool:
        if day in self.overrides:
            return self.overrides[day]
        official = _official(day) if self.country == "CN" else None
        return day.weekday() not in self.weekend if official is None else official

    def is_provisional(self, day: date) -> bool:
        """No official days known for then: weekdays are assumed, the coordinator is warned.

        Outside China a year is known once calendar.yml lists a holiday of it.
        """
        if day in self.overrides:
            return False
        if self.country == "CN":
            return _official(day) is None
        return not any(d.year == day.year for d in self.overrides)

    def add_working_days(self, day: date, n: int) -> date:
        """The ``n``-th working day after ``day`` (before it for a negative ``n``); 0 is ``day`` itself."""
        step = timedelta(days=1 if n > 0 else -1)
        for _ in range(abs(n)):
            day += step
            while not self.is_working_day(day):
                day += step
        return day

    def working_days_left(self, today: date, due: date) -> int:
        """Working days from ``today`` until ``due``: 0 on the day itself, negative once it has passed."""
        first, last = (today, due) if today < due else (due + timedelta(days=1), today + timedelta(days=1))
        days = (first + timedelta(days=n) for n in range((last - first).days))
        count = sum(self.is_working_day(day) for day in days)
        return count if today < due else -count

    def due_at(self, period: str, deadline: Deadline) -> datetime:
        """The instant after which a file of ``period`` is late (method.md, Deadlines)."""
        day = self.add_working_days(period_end(period), deadline.due_working_day)
        return datetime.combine(day, _clock_time(deadline.due_time), SHANGHAI)

    def grace_until(self, period: str, deadline: Deadline) -> datetime:
        """The end of the late window."""
        due = self.due_at(period, deadline)
        day = self.add_working_days(due.date(), deadline.grace_working_days)
        return datetime.combine(day, due.timetz())


def _official(day: date) -> bool | None:
    import chinese_calendar

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


def _clock_time(text: str) -> time:
    hour, minute = text.split(":")
    return time(int(hour), int(minute))
