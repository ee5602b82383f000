"""Reporting rates equal DHIS2's definitions: expected, accepted, on time; never above 100."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from warehouse.store import Store

SHANGHAI = timezone(timedelta(hours=8))
DUE = datetime(2019, 10, 21, 18, tzinfo=SHANGHAI)
ON_TIME, LATE = DUE, DUE + timedelta(seconds=1)
Brought = tuple[str, datetime, bool]  # item, received, had an error finding on first receipt


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "warehouse.duckdb") as opened:
        columns = ("period", "opened_at", "due_at", "grace_until", "plan_hash", "config_hash")
        opened.append("cycle", columns, [("2019-Q3", DUE, DUE, DUE, "p", "c")])
        yield opened


def fill(store: Store, unit: str, owed: int, brought: list[Brought], unowed: int = 0) -> None:
    columns = ("period", "unit", "item", "item_kind", "role", "is_owed")
    names = [f"I-{n}" for n in range(owed + unowed)]
    rows = [("2019-Q3", unit, name, "indicator", "lead", n < owed) for n, name in enumerate(names)]
    store.append("obligation", columns, rows)
    seen: dict[str, int] = {}
    for item, received, error_first in brought:
        seen[item] = seen.get(item, 0) + 1
        store.append(
            "observation",
            (
                "unit", "item", "period", "revision", "value", "status", "submission_id", "recorded_at", "received_at",
                "reason", "had_error_first",
            ),
            [(unit, item, "2019-Q3", seen[item], 1.0, "reported", "s", received, received, "", error_first)],
        )  # fmt: skip


CASES: dict[str, tuple[int, list[Brought], tuple[object, ...]]] = {
    "all on time": (2, [("I-0", ON_TIME, False), ("I-1", ON_TIME, False)], (2, 2, 2, 100, 100, 100)),
    "one second late": (2, [("I-0", ON_TIME, False), ("I-1", LATE, False)], (2, 2, 1, 100, 50, 100)),
    "half missing": (4, [("I-0", ON_TIME, False), ("I-1", ON_TIME, True)], (4, 2, 2, 50, 50, 50)),
    "nothing came": (3, [], (3, 0, 0, 0, 0, None)),
    "corrected late stays timely": (
        1,
        [("I-0", ON_TIME, True), ("I-0", LATE, False)],
        (1, 1, 1, 100, 100, 0),
    ),
    "many revisions count once": (1, [("I-0", ON_TIME, False)] * 5, (1, 1, 1, 100, 100, 100)),
    "owes nothing": (0, [], (0, 0, 0, None, None, None)),
}


@pytest.mark.parametrize("case", CASES)
def test_rates(store: Store, case: str) -> None:
    owed, brought, expected = CASES[case]
    fill(store, "A", owed, brought, unowed=1)
    row = store.con.execute(
        "SELECT expected, accepted, timely, completeness_pct, timeliness_pct, quality_pct FROM mart.reporting_rate"
    ).fetchone()
    assert row == expected


def test_figures_that_nobody_owed_cannot_lift_a_rate_over_100(store: Store) -> None:
    fill(store, "A", 1, [("I-0", ON_TIME, False), ("I-1", ON_TIME, False), ("I-2", ON_TIME, False)], unowed=2)
    assert store.con.execute(
        "SELECT completeness_pct, timeliness_pct FROM mart.reporting_rate"
    ).fetchone() == (100, 100)


def test_ties_share_a_rank_and_timeliness_then_quality_break_them(store: Store) -> None:
    fill(store, "A", 2, [("I-0", ON_TIME, False), ("I-1", ON_TIME, False)])
    fill(store, "B", 1, [("I-0", ON_TIME, False)])
    fill(store, "C", 1, [("I-0", LATE, False)])
    fill(store, "D", 1, [("I-0", ON_TIME, True)])
    fill(store, "E", 1, [])
    fill(store, "F", 0, [], unowed=1)
    ranks = dict(store.con.execute("SELECT unit, rank FROM mart.reporting_rate").fetchall())
    assert ranks == {"A": 1, "B": 1, "D": 3, "C": 4, "E": 5, "F": None}


def test_units_are_ranked_by_every_measure_with_ties(store: Store) -> None:
    """A and B report alike; B's figure is further on its way. C answers for nothing measurable."""
    for unit in "ABC":
        fill(store, unit, 1, [("I-0", ON_TIME, False)])
    tables = {
        "register_event": ("recorded_at plan_hash config_hash reason", [(DUE, "p", "c", "")]),
        "plan": ("plan_hash plan_id name city city_name start_period end_period", [("p", "x", "x", "CITY", "市", "2015-Q4", "2020-Q4")]),
        "indicator": (
            "plan_hash indicator name clause measure unit_label definition accumulation direction scope rollup needs_parts"
            " reports_drop weight sort",
            [("p", i, i, "", "amount", "", "", a, "up", "city", "single", False, False, 1.0, 0)
             for i, a in (("I-A", "level"), ("I-B", "level"), ("I-Y", "ytd"))],
        ),
        "reporter": ("plan_hash indicator unit", [("p", "I-A", "A"), ("p", "I-B", "B"), ("p", "I-Y", "C")]),
        "attainment": (
            "period as_of indicator unit scope target_kind progress_pct expected_pct gap_pp light input_hash",
            [("2019-Q3", DUE, i, "CITY", "city", "at_least", p, 75.0, 75.0 - p, "red", "") 
             for i, p in (("I-A", 40.0), ("I-B", 140.0), ("I-Y", 90.0))],
        ),
    }  # fmt: skip
    for table, (columns, rows) in tables.items():
        store.append(table, columns.split(), rows)
    found = {
        r[0]: r[1:]
        for r in store.con.execute(
            "SELECT unit, attainment_pct, timeliness_rank, completeness_rank, quality_rank, attainment_rank, rank FROM mart.unit_rank"
        ).fetchall()
    }
    assert found == {"A": (40, 1, 1, 1, 2, 2), "B": (100, 1, 1, 1, 1, 1), "C": (None, 1, 1, 1, None, 3)}
