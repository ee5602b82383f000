"""Mart views keep their columns and tell current figures, history, verdicts and runs apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from warehouse.store import Store

SHANGHAI = timezone(timedelta(hours=8))
COLUMNS = {
    "submission": "submission_id unit period received_at file_name sha256 status timely revision_count finding_count",
    "finding": "submission_id unit period severity rule sheet cell indicator value message",
    "observation": "unit indicator period value numerator denominator status revision submission_id cell accepted_at",
    "observation_history": "unit indicator period value numerator denominator status revision submission_id cell"
    " accepted_at valid_from valid_to reason",
    "attainment": "period as_of indicator unit scope baseline target_kind target_low target_high actual coverage"
    " attainment_pct met progress_pct expected_pct gap_pp light required_per_quarter projected_2020 projected_low"
    " projected_high note",
    "reporting_rate": "period unit expected accepted timely completeness_pct timeliness_pct quality_pct rank",
    "run": "run_id flow period parameters trigger started_at ended_at outcome config_hash code_version",
}


def day(n: int) -> datetime:
    return datetime(2019, 10, n, 9, tzinfo=SHANGHAI)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "warehouse.duckdb") as opened:
        columns = ("period", "opened_at", "due_at", "grace_until", "plan_hash", "config_hash")
        opened.append("cycle", columns, [("2019-Q3", day(1), day(10), day(20), "p", "c")])
        yield opened


def owe(store: Store, *rows: tuple[str, str, str, bool]) -> None:
    columns = ("period", "unit", "item", "item_kind", "role", "is_owed")
    store.append("obligation", columns, [("2019-Q3", u, i, k, "lead", owed) for u, i, k, owed in rows])


def observe(
    store: Store,
    unit: str,
    item: str,
    revision: int,
    value: float | None,
    received: int,
    *,
    status: str = "reported",
    state: str | None = None,
    error_first: bool = False,
    sid: str = "s1",
) -> None:
    columns = (
        "unit", "item", "period", "revision", "value", "state", "status", "submission_id", "recorded_at",
        "received_at", "reason", "had_error_first",
    )  # fmt: skip
    row = (
        unit,
        item,
        "2019-Q3",
        revision,
        value,
        state,
        status,
        sid,
        day(received),
        day(received),
        "",
        error_first,
    )
    store.append("observation", columns, [row])


def select(store: Store, sql: str) -> list[tuple[object, ...]]:
    return store.con.execute(sql).fetchall()


@pytest.mark.parametrize("view", COLUMNS)
def test_columns_and_their_order_are_the_contract(store: Store, view: str) -> None:
    wanted = COLUMNS[view].split()
    assert store.con.sql(f"FROM mart.{view}").columns[: len(wanted)] == wanted


def test_current_figures_name_what_is_missing_and_history_keeps_every_revision(store: Store) -> None:
    owe(
        store,
        ("A", "I-01", "indicator", True),
        ("A", "I-02", "indicator", True),
        ("A", "I-03", "indicator", True),
    )
    owe(store, ("A", "I-04", "indicator", False), ("A", "A-0101", "action", True))
    observe(store, "A", "I-01", 1, 5.0, 3)
    observe(store, "A", "I-01", 2, 6.0, 4)
    observe(store, "A", "I-02", 1, None, 3, status="nil")
    observe(store, "A", "A-0101", 1, None, 3, state="推进中")
    rows = select(store, "SELECT indicator, value, status, revision FROM mart.observation ORDER BY indicator")
    assert rows == [("I-01", 6, "reported", 2), ("I-02", None, "nil", 1), ("I-03", None, "missing", None)]
    history = select(
        store,
        "SELECT value, valid_from, valid_to FROM mart.observation_history WHERE indicator = 'I-01' ORDER BY revision",
    )
    assert history == [(5, day(3), day(4)), (6, day(4), None)]
    assert select(store, "SELECT item, state, status FROM mart.progress") == [
        ("A-0101", "推进中", "reported")
    ]


def test_a_withdrawn_value_does_not_come_back(store: Store) -> None:
    owe(store, ("A", "I-01", "indicator", True))
    observe(store, "A", "I-01", 1, 5.0, 3)
    observe(store, "A", "I-01", 2, None, 4)
    assert select(store, "SELECT value, status, revision FROM mart.observation") == [(None, "missing", 2)]


def test_submission_shows_its_last_verdict_and_what_it_brought(store: Store) -> None:
    owe(store, ("A", "I-01", "indicator", True))
    columns = (
        "submission_id", "receipt_no", "unit", "period", "received_at", "file_name", "sha256", "size_bytes", "file_kind",
    )  # fmt: skip
    rows = [
        ("s1", "r1", "A", "2019-Q3", day(10), "a.xlsx", "h1", 1, "xlsx"),
        ("s2", "r2", "A", "2019-Q3", day(11), "b.xlsx", "h2", 1, "xlsx"),
        ("s3", "r3", "A", None, day(11), "c.xlsx", "h3", 1, "unknown"),
    ]
    store.append("submission", columns, rows)
    verdict = ("submission_id", "recorded_at", "status", "reason", "run_id", "sequence")
    told = [("s1", "accepted", 1), ("s1", "superseded", 2), ("s2", "accepted", 3)]
    store.append("verdict", verdict, [(s, day(11), status, "", "r", n) for s, status, n in told])
    observe(store, "A", "I-01", 1, 5.0, 10)
    found = select(
        store, "SELECT submission_id, status, timely, revision_count FROM mart.submission ORDER BY ALL"
    )
    assert found == [("s1", "superseded", True, 1), ("s2", "accepted", False, 0), ("s3", "received", None, 0)]
