"""Whatever the order of submissions, units or batches: the same figures."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attainment_office import Office
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.store import Store

UNITS = ("U1", "U2", "U3", "U4")
PERIODS = ("2018-Q3", "2018-Q4", "2019-Q1", "2019-Q2", "2019-Q3")
Fact = tuple[str, str, float]

trials = settings(max_examples=100 if os.environ.get("JIBAO_STRESS") else 8, deadline=None)

numbers = st.floats(0.001, 1e6).map(lambda v: round(v, 3))
facts = st.dictionaries(st.tuples(st.sampled_from(UNITS), st.sampled_from(PERIODS)), numbers, min_size=1, max_size=20).map(
    lambda d: [(u, p, v) for (u, p), v in d.items()]
)  # fmt: skip


def assessed(batches: Sequence[Sequence[Fact]], units: Sequence[str] = UNITS) -> list[tuple[Any, ...]]:
    """Every figure of an office that got ``batches`` one after the other; instants apart from ``as_of`` do not count."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "w.duckdb") as store:
        office = Office(store)
        for rollup in ("sum", "mean", "ratio"):
            measure = "percent" if rollup == "ratio" else "amount"
            office.define(
                rollup, "at_least", tuple(units), low=1e6, baseline=3.3, rollup=rollup, measure=measure
            )
        office.define("each", "at_least", tuple(units), low=9.0, baseline=1.1, rollup="mean", scope="unit")
        office.register()
        for batch in batches:
            for unit, period, value in batch:
                for item in ("sum", "mean", "each"):
                    office.report(item, value, unit=unit, period=period)
                office.report(
                    "ratio", value, unit=unit, period=period, numerator=value, denominator=value + 7
                )
        office.compute()
        return store.con.execute("FROM attainment ORDER BY ALL").fetchall()


@trials
@given(facts, st.data())
def test_order_of_submissions_does_not_matter(batch: list[Fact], data: st.DataObject) -> None:
    assert assessed([batch]) == assessed([data.draw(st.permutations(batch))])


@trials
@given(facts, st.permutations(UNITS))
def test_order_of_units_does_not_matter(batch: list[Fact], units: list[str]) -> None:
    assert assessed([batch]) == assessed([batch], units)


@trials
@given(facts, st.integers(0, 20))
def test_two_disjoint_batches_equal_one(batch: list[Fact], cut: int) -> None:
    assert assessed([batch[cut:], batch[:cut]]) == assessed([batch])
