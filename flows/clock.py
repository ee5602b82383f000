"""The only place that reads the clock, and how people write an instant."""

from __future__ import annotations

from datetime import datetime

from config.calendar import FIRST_YEAR, LAST_YEAR, SHANGHAI


def now() -> datetime:
    """The present instant in Asia/Shanghai, whatever zone the machine runs in."""
    return datetime.now(SHANGHAI)


def parse_instant(text: str) -> datetime:
    """``2019-10-25`` (taken as 09:00 that day) or ``2019-10-25T18:00``; without an offset it is Shanghai time.

    :raises ValueError: when the text is neither, or far from any plan
    """
    if len(text) == len("2019-10-25"):
        text += "T09:00"
    moment = datetime.fromisoformat(text)
    if not FIRST_YEAR < moment.year < LAST_YEAR:
        raise ValueError(f"the year {moment.year} is beyond every plan")
    return moment.replace(tzinfo=SHANGHAI) if moment.tzinfo is None else moment.astimezone(SHANGHAI)
