"""Through the real intake of facts: order of files, order of units and how files fall into batches leave no trace."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from attainment_office import Office, moment
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse import checking, facts
from warehouse.intake.reading import ROW_COLUMNS, Reading
from warehouse.store import Store

UNITS = ("U1", "U2", "U3")
PERIODS = ("2018-Q4", "2019-Q1", "2019-Q2", "2019-Q3")
ITEMS = {
    "total": {"rollup": "sum"},
    "share": {"rollup": "ratio", "measure": "percent"},
    "each": {"rollup": "mean", "scope": "unit"},
}
# Everything people see of figures, instants and file numbers left out.
MART = (
    "SELECT * EXCLUDE (as_of) FROM mart.attainment",
    "SELECT unit, indicator, period, value, numerator, denominator, status, revision FROM mart.observation",
    "FROM mart.reporting_rate",
    "FROM mart.unit_rank",
    "FROM mart.domain_score",
    "FROM mart.plan_score",
    "SELECT unit, period, file_name, status, revision_count, timely FROM mart.submission",
)


@dataclass(frozen=True)
class Upload:
    unit: str
    period: str
    late: bool
    values: tuple[float | None, ...]  # one an item; None is a nil return

    @property
    def submission(self) -> facts.Submission:
        received = moment(3) + timedelta(days=10 * self.late, minutes=PERIODS.index(self.period))
        sha = f"{self.unit}{self.period}"
        number = facts.submission_id(self.unit, sha)
        return facts.Submission(
            number,
            number,
            self.unit,
            self.period,
            received,
            f"{sha}.xlsx",
            sha,
            9,
            "xlsx",
            sha,
        )

    def reading(self) -> Reading:
        rows = []
        for n, (item, value) in enumerate(zip(ITEMS, self.values, strict=True), 5):
            cells: dict[str, Any] = {"sheet": "填报表", "row": n, "item": item, "item_kind": "indicator"}
            cells |= {"value": value, "is_nil": value is None, "value_cell": f"G{n}"}
            if item == "share" and value is not None:
                cells |= {"numerator": value, "denominator": value + 7}
            rows.append(tuple(cells.get(c, False if c == "is_nil" else None) for c in ROW_COLUMNS))
        return Reading(sha256=self.submission.sha256, kind="xlsx", rows=rows)


@contextmanager
def opened(units: Sequence[str]) -> Iterator[Office]:
    """An office whose four quarters are open."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "w.duckdb") as store:
        office = Office(store)
        for code, options in ITEMS.items():
            office.define(code, "at_least", tuple(units), low=1e5, baseline=3.0, **options)
        office.register()
        cycle = ("period", "opened_at", "due_at", "grace_until", "plan_hash", "config_hash")
        store.append("cycle", cycle, [(p, moment(1), moment(8), moment(30), "p1", "c") for p in PERIODS])
        owed = [(p, u, i, "indicator", "lead", True) for p, u, i in itertools.product(PERIODS, units, ITEMS)]
        store.append("obligation", ("period", "unit", "item", "item_kind", "role", "is_owed"), owed)
        yield office


def take(store: Store, batch: Sequence[Upload], at: datetime) -> None:
    submissions = [u.submission for u in batch]
    rows = [checking.SubmissionRow(s.submission_id, s.unit, s.period, s.received_at) for s in submissions]
    judged = [facts.Judged(s, facts.Status.ACCEPTED, "") for s in submissions]
    with store.transaction():
        checking.load(store, rows, [u.reading() for u in batch])
        facts.record_batch(store, f"run{at:%d%H}", at, judged, [], [], [])
        checking.release(store)


def mart(batches: Sequence[Sequence[Upload]], units: Sequence[str] = UNITS) -> list[list[tuple[Any, ...]]]:
    with opened(units) as office:
        for n, batch in enumerate(batches):
            if batch:
                take(office.store, batch, moment(15) + timedelta(hours=n))
                # Reports in between must leave nothing behind either.
                office.compute(PERIODS[n % len(PERIODS)], moment(15) + timedelta(hours=n))
        for period in PERIODS:
            office.compute(period, moment(20))
        return [office.store.con.execute(f"FROM ({q}) ORDER BY ALL").fetchall() for q in MART]


numbers = st.one_of(st.none(), st.floats(0.001, 1e6).map(lambda v: round(v, 3)))
uploads = st.lists(
    st.builds(
        Upload,
        st.sampled_from(UNITS),
        st.sampled_from(PERIODS),
        st.booleans(),
        st.tuples(numbers, numbers, numbers),
    ),
    min_size=2,
    max_size=10,
    unique_by=lambda u: (u.unit, u.period),
)
trials = settings(max_examples=100 if os.environ.get("JIBAO_STRESS") else 3, deadline=None)


@trials
@given(uploads, st.data())
def test_order_of_submissions_does_not_matter(batch: list[Upload], data: st.DataObject) -> None:
    assert mart([batch]) == mart([data.draw(st.permutations(batch))])


@trials
@given(uploads, st.permutations(UNITS))
def test_order_of_units_does_not_matter(batch: list[Upload], units: list[str]) -> None:
    assert mart([batch]) == mart([sorted(batch, key=lambda u: units.index(u.unit))], units)


@trials
@given(uploads, st.lists(st.integers(0, 2), min_size=10, max_size=10))
def test_disjoint_batches_equal_one(batch: list[Upload], places: list[int]) -> None:
    parts = [[u for u, place in zip(batch, places, strict=False) if place == n] for n in range(3)]
    assert mart(parts) == mart([batch])


def test_the_figures_arrive_at_all() -> None:
    attained, seen, rates, *_ = mart(
        [[Upload("U1", "2019-Q3", False, (5.0, 60.0, 7.0)), Upload("U2", "2019-Q3", True, (6.0, None, 8.0))]]
    )
    total = next(r for r in attained if r[:3] == ("2019-Q3", "total", "441400"))
    assert 11.0 in total and "2/3" in total
    assert sum(1 for r in seen if r[6] == "reported") == 5
    assert {r[1]: r[4] for r in rates if r[0] == "2019-Q3"} == {"U1": 3, "U2": 0, "U3": 0}
