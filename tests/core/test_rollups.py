"""Stored roll-ups never show: with them and without them an assessment is the same, at every instant."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from attainment_office import Office, moment
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.attainment import backtest, forget_rollups
from warehouse.store import Store

UNITS = ("U1", "U2", "U3")
PERIODS = tuple(f"{2018 + n // 4}-Q{n % 4 + 1}" for n in range(7))
ITEMS = {
    "sum": {"rollup": "sum"},
    "flow": {"rollup": "sum", "accumulation": "ytd"},
    "ratio": {"rollup": "ratio", "measure": "percent"},
    "each": {"rollup": "mean", "scope": "unit"},
    "state": {"kind": "milestone", "measure": "state"},
}

# (days after the last one, figures of one batch: period, unit, item, value; None withdraws)
figures = st.tuples(
    st.sampled_from(PERIODS),
    st.sampled_from(UNITS),
    st.sampled_from(sorted(ITEMS)),
    st.one_of(st.none(), st.floats(0.001, 1e6).map(lambda v: round(v, 3))),
)
batches = st.lists(st.lists(figures, min_size=1, max_size=12), min_size=2, max_size=5)


def define(office: Office, units: tuple[str, ...] = UNITS) -> None:
    for code, options in ITEMS.items():
        plain = {"kind": "at_least", "low": 1e5, "baseline": 3.0}
        kind = str({**plain, **options}["kind"])
        office.define(code, kind, units, **{k: v for k, v in {**plain, **options}.items() if k != "kind"})


def report(office: Office, batch: list[tuple[str, str, str, float | None]], at: datetime) -> None:
    for period, unit, item, value in batch:
        options: dict[str, Any] = {"unit": unit, "period": period, "at": at}
        if value is None:
            office.report(item, None, status="missing", **options)
        elif item == "state":
            office.report(item, None, state="已完成" if value > 1e3 else "推进中", **options)
        elif item == "ratio":
            office.report(item, value, numerator=value, denominator=value + 7, **options)
        else:
            office.report(item, value, **options)


def stored(office: Office, period: str, at: datetime) -> list[tuple[Any, ...]]:
    with office.store.transaction():
        office.store.con.execute("DELETE FROM attainment")
        office.store.con.execute("DELETE FROM assessment")
    office.compute(period, at)
    return office.store.con.execute("FROM attainment ORDER BY ALL").fetchall()


def from_nothing(office: Office, period: str, at: datetime) -> list[tuple[Any, ...]]:
    with office.store.transaction():
        forget_rollups(office.store)
    return stored(office, period, at)


@settings(max_examples=100 if os.environ.get("JIBAO_STRESS") else 3, deadline=None)
@given(batches, st.data())
def test_increments_equal_a_full_recomputation_at_every_instant(
    history: list[list[tuple[str, str, str, float | None]]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "w.duckdb") as store:
        office = Office(store)
        define(office)
        office.register()
        moments = []
        for n, batch in enumerate(history):
            at = moment(2) + timedelta(days=n)
            # A batch may be noted under an earlier instant than the one before: the warehouse takes what it is told.
            if moments and data.draw(st.booleans()):
                at = moments[-1] - timedelta(hours=1)
            moments.append(at)
            report(office, batch, at)
            # Assess as the quarters come, at whatever instant, so that roll-ups of all sorts lie about.
            stored(office, data.draw(st.sampled_from(PERIODS)), data.draw(st.sampled_from(moments)))
        if data.draw(st.booleans()):
            office.indicators["sum"]["baseline"] = 5.0
            office.register("p2", at=moment(15))
            moments.append(moment(16))
        for at in {moments[0], data.draw(st.sampled_from(moments)), moment(20)}:
            period = data.draw(st.sampled_from(PERIODS))
            kept, tested = stored(office, period, at), backtest(store, period, at)
            assert kept == from_nothing(office, period, at), (period, at)
            assert stored(office, period, at) == kept
        with store.transaction():
            forget_rollups(store)
        assert tested == backtest(store, period, at)


def kept_periods(store: Store) -> dict[str, str]:
    return dict(store.con.execute("SELECT period, fingerprint FROM derived.rollup ORDER BY 1").fetchall())


def test_only_what_changed_is_added_up_again(tmp_path: Path) -> None:
    with Store(tmp_path / "w.duckdb") as store:
        office = Office(store)
        define(office)
        office.register()
        for period in PERIODS[:6]:
            report(office, [(period, u, "sum", 5.0) for u in UNITS], moment(2))
        office.compute(PERIODS[5], moment(3))
        before = kept_periods(store)
        assert list(before) == list(PERIODS[:6])
        report(office, [(PERIODS[6], "U1", "sum", 7.0)], moment(4))
        office.compute(PERIODS[6], moment(5))
        after = kept_periods(store)
        assert {p: v for p, v in after.items() if p in before} == before, "a new quarter touches no other"
        report(office, [(PERIODS[2], "U1", "sum", 9.0)], moment(6))
        office.compute(PERIODS[6], moment(7))
        again = kept_periods(store)
        assert {p for p in again if again[p] != after[p]} == {PERIODS[2]}
        # The past is computed beside the store, which keeps what is known today.
        office.compute(PERIODS[6], moment(5))
        assert kept_periods(store) == again


def test_a_figure_changed_by_hand_is_not_overlooked(tmp_path: Path) -> None:
    with Store(tmp_path / "w.duckdb") as store:
        office = Office(store)
        define(office)
        office.register()
        report(office, [(PERIODS[5], u, "sum", 5.0) for u in UNITS], moment(2))
        office.compute(PERIODS[5], moment(3))
        store.con.execute("UPDATE observation SET value = 6 WHERE unit = 'U1'")
        assert office.assess(PERIODS[5], moment(4))["sum", "441400"]["actual"] == 16


def test_roll_ups_of_other_formulas_are_not_used(tmp_path: Path) -> None:
    with Store(tmp_path / "w.duckdb") as store:
        office = Office(store)
        define(office)
        office.register()
        report(office, [(PERIODS[5], u, "sum", 5.0) for u in UNITS], moment(2))
        office.compute(PERIODS[5], moment(3))
        store.con.execute("UPDATE derived.rollup SET formula_hash = 'old'")
        store.con.execute("UPDATE derived.rollup_value SET value = 1")
        assert office.assess(PERIODS[5], moment(4))["sum", "441400"]["actual"] == 15
