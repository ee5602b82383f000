"""What a query gave as dicts or as records, however many rows.

Belongs here: from the driver's tuples to Python objects. Does not: queries, connections (store).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar, cast

import duckdb

from config.calendar import SHANGHAI

T = TypeVar("T")
_BATCH = 2048  # rows held at a time beside the records made of them


def dicts(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [c[0] for c in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def groups(result: duckdb.DuckDBPyConnection, by: str, make: type[T]) -> dict[str, list[T]]:
    """Records of a dataclass, of which every field is a column, by the text in column ``by``; their order is kept.

    Equal texts are one object. A TIMESTAMP is an instant of UTC and comes in the office's time: the driver makes
    twenty of them in the time of one TIMESTAMPTZ.
    """
    names = [c[0] for c in result.description or ()]
    kinds = [str(c[1]) for c in result.description or ()]
    key, places = names.index(by), [names.index(f.name) for f in fields(cast(Any, make))]
    found: dict[str, list[T]] = defaultdict(list)
    known: dict[Any, Any] = {}
    while batch := result.fetchmany(_BATCH):
        columns = list(zip(*batch, strict=True))
        for n, kind in enumerate(kinds):
            if kind == "VARCHAR":
                columns[n] = tuple(map(known.setdefault, columns[n], columns[n]))
            elif kind == "TIMESTAMP":
                columns[n] = tuple(map(_in_office_time, columns[n]))
        for group, record in zip(columns[key], map(make, *(columns[p] for p in places)), strict=True):
            found[group].append(record)
    return found


@lru_cache(_BATCH)
def _in_office_time(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC).astimezone(SHANGHAI)
