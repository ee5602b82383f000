"""An assessment that builds upon an earlier one says what a whole one says, at its instant and ever after."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from attainment_office import Office, moment
from hypothesis import given, settings
from hypothesis import strategies as st
from test_rollups import ITEMS, PERIODS, define, report

from warehouse.attainment import forget_rollups
from warehouse.store import Store

UNITS = ("U1", "U2", "U3", "U4")
Batch = list[tuple[str, str, str, float | None]]
Rows = list[dict[str, Any]]

figures = st.tuples(
    st.sampled_from(PERIODS),
    st.sampled_from(UNITS),
    st.sampled_from(sorted(ITEMS)),
    st.one_of(st.none(), st.floats(0.001, 1e6).map(lambda v: round(v, 3))),
)
# (figures, hours after the last batch, the period assessed, register or lights changed)
steps = st.lists(
    st.tuples(
        st.lists(figures, max_size=6),
        st.sampled_from((6, 6, 6, 6, 0, -9)),
        st.sampled_from(PERIODS[-3:]),
        st.sampled_from(("", "", "", "", "register", "lights")),
    ),
    min_size=3,
    max_size=9,
)


def office_of_two_cities(store: Store) -> Office:
    office = Office(store)
    office.cities["U4"] = "441500"
    define(office, UNITS)
    office.register()
    return office


def sort(rows: Rows) -> Rows:
    return sorted(rows, key=lambda r: (r["indicator"], r["scope"], r["unit"]))


def whole(office: Office, period: str, at: datetime, red: float) -> Rows:
    """The assessment of an office that never made one before."""
    with office.store.transaction():
        for table in ("attainment", "assessment"):
            office.store.con.execute(f"DELETE FROM {table}")
        forget_rollups(office.store)
    office.compute(period, at, red=red)
    return sort(office.known(period, at))


@settings(max_examples=100 if os.environ.get("JIBAO_STRESS") else 6, deadline=None)
@given(steps)
def test_increments_say_what_whole_assessments_say(history: list[tuple[Batch, int, str, str]]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Store(Path(folder) / "a.duckdb") as store,
        Store(Path(folder) / "b.duckdb") as other,
    ):
        office, fresh = office_of_two_cities(store), office_of_two_cities(other)
        at, red, said = moment(2), 30.0, dict[tuple[str, datetime], Rows]()
        for n, (batch, hours, period, change) in enumerate(history):
            at += timedelta(hours=hours)
            red += 5.0 if change == "lights" else 0
            for each in (office, fresh):
                report(each, batch, at)
                if change == "register":
                    each.indicators["sum"]["baseline"] = 5.0 + n
                    each.register(f"p{n + 2}", at)
            stored, expected = office.compute(period, at, red=red), whole(fresh, period, at, red)
            known = sort(office.known(period, at))
            if stored:
                assert stored == len(expected)
                assert known == expected
                said[period, at] = expected
            else:
                assert [{**r, "as_of": None} for r in known] == [{**r, "as_of": None} for r in expected]
        for period in {p for p, _ in said}:
            for _, instant in said:
                standing = max((a for p, a in said if p == period and a <= instant), default=None)
                rows = said[period, standing] if standing else []
                assert sort(office.known(period, instant)) == rows


def rows_of(store: Store, sequence: int) -> set[tuple[str, str]]:
    found = store.con.execute("SELECT indicator, unit FROM attainment WHERE sequence = ?", [sequence])
    return set(found.fetchall())


def test_only_what_became_other_is_computed_and_stored(tmp_path: Path) -> None:
    with Store(tmp_path / "w.duckdb") as store:
        office = office_of_two_cities(store)
        for period in PERIODS:
            report(office, [(period, u, i, 5.0) for u in UNITS for i in ("sum", "each", "ratio")], moment(2))
        everything = office.compute(PERIODS[-1], moment(3))
        assert len(rows_of(store, 1)) == everything
        report(office, [(PERIODS[-1], "U4", "each", 7.0)], moment(4))
        # Nobody else's figures are looked at: what is not computed cannot be other.
        store.con.execute("UPDATE derived.rollup_value SET value = 1e9")
        assert office.compute(PERIODS[-1], moment(5)) == everything
        assert rows_of(store, 2) == {("each", "U4"), ("each", "441500")}
        (base,) = store.con.execute("SELECT base FROM assessment WHERE sequence = 2").fetchall()
        assert base == (1,)
        # A register or lights that changed, and figures put in behind the last assessment's back, concern everything.
        office.compute(PERIODS[-1], moment(5), red=40)
        report(office, [(PERIODS[-1], "U1", "sum", 9.0)], moment(3, 1))
        assert office.assess(PERIODS[-1], moment(6))["sum", "441400"]["actual"] == 19


def test_an_instant_between_two_assessments_gets_a_set_of_its_own(tmp_path: Path) -> None:
    with Store(tmp_path / "w.duckdb") as store:
        office = office_of_two_cities(store)
        for day, value in ((2, 5.0), (4, 6.0), (6, 7.0)):
            report(office, [(PERIODS[-1], "U1", "sum", value), (PERIODS[-1], "U2", "each", 3.0)], moment(day))
        sums = {}
        for day in (3, 7, 5):
            office.compute(PERIODS[-1], moment(day))
            sums[day] = sort(office.known(PERIODS[-1], moment(day)))
        assert [d for d in sums if sort(office.known(PERIODS[-1], moment(d))) != sums[d]] == []
        assert store.con.execute("SELECT sequence, base FROM assessment ORDER BY 1").fetchall() == [
            (1, 1),
            (2, 1),
            (3, 3),
        ]


def test_whole_sets_of_before_stand_until_the_next_assessment(tmp_path: Path) -> None:
    with Store(tmp_path / "w.duckdb") as store:
        office = office_of_two_cities(store)
        report(office, [(PERIODS[-1], u, "sum", 5.0) for u in UNITS], moment(2))
        office.compute(PERIODS[-1], moment(3))
        before = sort(office.known(PERIODS[-1], moment(3)))
        # As a warehouse holds them whose journal was written before assessments were listed.
        store.con.execute("UPDATE attainment SET sequence = NULL; DELETE FROM assessment")
        assert sort(office.known(PERIODS[-1], moment(4))) == before
        assert office.compute(PERIODS[-1], moment(4)) == 0
        report(office, [(PERIODS[-1], "U1", "sum", 6.0)], moment(5))
        assert office.compute(PERIODS[-1], moment(6)) == len(before)
        assert sort(office.known(PERIODS[-1], moment(4))) == before
        assert office.assess(PERIODS[-1], moment(7))["sum", "441400"]["actual"] == 16
