"""Texts a configuration may hold where any text is not enough: names, addresses of pages, times of a schedule.

Belongs here: types for the models, with reasons in config.yamlfile. Does not: codes (plan), mail addresses (contacts).
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# Minute, hour, day, month, weekday: lowest and highest number, names, signs that stand alone. The scheduler's own reader
# is a part of Prefect, which this room does not know; the library cronsim refuses 20-8 (over midnight) and takes 5L.
_FIELDS: tuple[tuple[int, int, list[str], str], ...] = (
    (0, 59, [], ""), (0, 23, [], ""), (1, 31, [], "l?"), (1, 12, _MONTHS, ""), (0, 7, _DAYS, "?"),
)  # fmt: skip
_PART = re.compile(r"(?:\*|([0-9]+|[a-z]+)(?:-([0-9]+|[a-z]+))?)(?:/0*[1-9][0-9]*)?", re.A)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "is blank")
    return text


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not close
        is_one = False
    # A blank, a query or a fragment would end up in the middle of the addresses made of it.
    if text and (not is_one or any(c.isspace() or c in "?#" for c in text)):
        raise PydanticCustomError("no_address", "is no address")
    return text


def _schedule(text: str) -> str:
    fields = text.lower().split()
    if len(fields) != len(_FIELDS) or not all(map(_is_field, fields, *zip(*_FIELDS, strict=True))):
        raise PydanticCustomError("no_schedule", "is no schedule")
    return text


def _is_field(field: str, low: int, high: int, names: list[str], alone: str) -> bool:
    if len(field) == 1 and field in alone:
        return True
    for part in field.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            return False
        for value in found.groups():
            if value is not None and not (low <= int(value) <= high if value.isdigit() else value in names):
                return False
    return True


Name = Annotated[str, AfterValidator(_not_blank)]
PageAddress = Annotated[str, AfterValidator(_address)]  # may be empty: none
CronText = Annotated[str, AfterValidator(_schedule)]
