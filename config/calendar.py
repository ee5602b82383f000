"""Quarters and working days by the official calendar (make-up working days included).

Belongs here: dates that follow from a period. Does not: what the clock says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.settings import Deadline

SHANGHAI = ZoneInfo("Asia/Shanghai")
_PERIOD = re.compile(r"([0-9]{4})-Q([1-4])\Z")


def quarter_start(period: str) -> date:
    """First day of ``2019-Q3``.

    :raises ValueError: when ``period`` is not written so
    """
    match = _PERIOD.match(period)
    if not match:
        raise ValueError(f"不是报告期:{period!r}(应写作 2019-Q3)")
    return date(int(match[1]), 3 * int(match[2]) - 2, 1)


def quarter_end(period: str) -> date:
    """Last day of ``2019-Q3``."""
    start = quarter_start(period)
    following = start.year * 12 + start.month - 1 + 3
    return date(following // 12, following % 12 + 1, 1) - timedelta(days=1)


def period_of(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def previous_period(period: str, n: int = 1) -> str:
    """The period ``n`` quarters earlier (later for a negative ``n``)."""
    start = quarter_start(period)
    count = start.year * 4 + start.month // 3 - n
    return f"{count // 4}-Q{count % 4 + 1}"


@dataclass(frozen=True)
class WorkCalendar:
    """Working days of the office. ``overrides`` (calendar.yml) win over the library's official data."""

    overrides: Mapping[date, bool] = field(default_factory=dict)

    def is_working_day(self, day: date) -> bool:
        if day in self.overrides:
            return self.overrides[day]
        official = _official(day)
        return day.weekday() < 5 if official is None else official

    def is_provisional(self, day: date) -> bool:
        """No official data yet: weekdays are assumed, the coordinator is warned."""
        return day not in self.overrides and _official(day) is None

    def add_working_days(self, day: date, n: int) -> date:
        """The ``n``-th working day after ``day`` (before it for a negative ``n``); 0 is ``day`` itself."""
        step = timedelta(days=1 if n > 0 else -1)
        for _ in range(abs(n)):
            day += step
            while not self.is_working_day(day):
                day += step
        return day

    def due_at(self, period: str, deadline: Deadline) -> datetime:
        """The instant after which a file of ``period`` is late (method.md, Deadlines)."""
        day = self.add_working_days(quarter_end(period), deadline.due_working_day)
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
