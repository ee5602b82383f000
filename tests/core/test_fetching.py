"""Rows as records: the same values as rows as dicts, however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import pytest

from config.calendar import SHANGHAI
from warehouse import fetching

_MANY = """
    SELECT 'U' || n % 3 AS unit, CASE WHEN n % 7 > 0 THEN '名称' || n % 5 END AS name, n::DOUBLE / 3 AS value, n % 2 = 0 AS ok,
           timezone('UTC', TIMESTAMPTZ '2020-07-10 09:00:00+08' + to_hours(n % 4)) AS moment, n AS spare
    FROM range(5000) AS r(n) ORDER BY n
"""


@dataclass(frozen=True, slots=True)
class Line:
    value: float
    name: str | None
    moment: datetime
    ok: bool


def test_records_are_grouped_in_the_order_of_the_rows() -> None:
    con = duckdb.connect()
    rows = fetching.dicts(con.execute(_MANY))
    groups = fetching.groups(con.execute(_MANY), "unit", Line)
    assert sorted(groups) == ["U0", "U1", "U2"]
    for unit, lines in groups.items():
        told = [
            Line(r["value"], r["name"], r["moment"].replace(tzinfo=UTC), r["ok"])
            for r in rows
            if r["unit"] == unit
        ]
        assert lines == told
    assert len({id(line.name) for lines in groups.values() for line in lines}) == 6, "one object a text"
    assert {str(line.moment) for line in groups["U0"]} == {
        f"2020-07-10 {hour:02}:00:00+08:00" for hour in (9, 10, 11, 12)
    }
    assert groups["U0"][0].moment.tzinfo is SHANGHAI


def test_nothing_and_nobody() -> None:
    con = duckdb.connect()
    assert fetching.groups(con.execute(f"FROM ({_MANY}) LIMIT 0"), "unit", Line) == {}
    with pytest.raises(ValueError, match="moment"):
        fetching.groups(
            con.execute("SELECT 'U' AS unit, 1.0 AS value, 'n' AS name, true AS ok"), "unit", Line
        )
    gone = fetching.groups(
        con.execute("SELECT 'U' AS unit, 1.0 AS value, NULL AS name, true AS ok, NULL::TIMESTAMP AS moment"),
        "unit",
        Line,
    )
    assert gone["U"][0].moment is None and gone["U"][0].name is None
