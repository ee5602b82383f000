"""Attainment over time: what was known when, reruns, order, projections, domain scores."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from attainment_office import CITY, Office, moment

from warehouse.attainment import backtest, backtest_by_horizon
from warehouse.store import Store

QUARTERS = tuple(f"{year}-Q{quarter}" for year in (2017, 2018, 2019) for quarter in (1, 2, 3, 4))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Store(tmp_path / "warehouse.duckdb") as store:
        yield Office(store)


def test_rerun_writes_nothing_and_leaves_the_mart_identical(office: Office) -> None:
    office.define("I", "at_least", low=100, baseline=0)
    office.register()
    office.report("I", 50)
    assert office.compute(at=moment(20)) == 1
    before = office.store.con.execute("FROM mart.attainment").fetchall()
    assert office.compute(at=moment(21)) == 0
    assert office.store.con.execute("FROM mart.attainment").fetchall() == before


def test_assessment_before_any_register_is_empty(office: Office) -> None:
    office.define("I", "at_least", low=100)
    office.register(at=moment(10))
    assert office.compute(at=moment(9)) == 0


def test_restated_quarter_changes_exactly_what_depends_on_it_and_not_the_past(office: Office) -> None:
    for code in "IJ":
        office.define(code, "at_least", low=100, baseline=0)
    office.register()
    for n, period in enumerate(QUARTERS[:11]):
        office.report("I", 10.0 + n * n, period=period)
        office.report("J", 10.0 + n, period=period)
    first = office.assess(at=moment(5))
    office.report("I", 15.5, period="2018-Q1", at=moment(6))
    again = office.assess(at=moment(7))
    as_of_before = office.assess(at=moment(5, 12))
    changed = {k for k in again[("I", CITY)] if again[("I", CITY)][k] != first[("I", CITY)][k]}
    assert changed <= {"as_of", "input_hash", "projected_2020", "projected_low", "projected_high"}
    assert "projected_low" in changed or "projected_2020" in changed or "projected_high" in changed
    assert {k for k in again[("J", CITY)] if again[("J", CITY)][k] != first[("J", CITY)][k]} <= {
        "as_of",
        "input_hash",
    }
    assert as_of_before == first, "the report of before is the same, down to its time"


def test_late_baseline_is_known_from_its_day_on(office: Office) -> None:
    office.define("I", "at_least", low=100)
    office.register("p1", moment(1))
    office.report("I", 50)
    office.define("I", "at_least", low=100, baseline=20)
    office.register("p2", moment(10))
    assert office.assess(at=moment(9))[("I", CITY)]["progress_pct"] is None
    assert office.assess(at=moment(11))[("I", CITY)]["progress_pct"] == pytest.approx(37.5)
    assert office.assess(at=moment(9, 12))[("I", CITY)]["progress_pct"] is None


def test_withdrawn_value_does_not_resurrect(office: Office) -> None:
    office.define("I", "at_least", low=100, baseline=0)
    office.register()
    office.report("I", 50, at=moment(2))
    office.report("I", None, at=moment(3))
    assert office.assess(at=moment(2, 12))[("I", CITY)]["actual"] == 50
    assert office.assess(at=moment(4))[("I", CITY)]["actual"] is None


def test_order_of_submissions_and_units_does_not_matter(tmp_path: Path) -> None:
    def run(name: str, seed: int) -> list[tuple[Any, ...]]:
        shuffle = random.Random(seed).shuffle
        units, facts = list("ABCDEFG"), [(u, p, n) for n, u in enumerate("ABCDEFG") for p in QUARTERS[4:11]]
        shuffle(units)
        shuffle(facts)
        with Store(tmp_path / name) as store:
            office = Office(store)
            office.define("S", "at_least", tuple(units), low=100, baseline=3.3, rollup="sum")
            office.define("M", "at_least", tuple(units), low=9, baseline=1.1, rollup="mean", scope="unit")
            office.register()
            for unit, period, n in facts:
                for code in "SM":
                    office.report(code, 0.1 * (n + 1) + 0.7 * int(period[-1]), unit=unit, period=period)
            office.compute()
            return store.con.execute("FROM attainment ORDER BY ALL").fetchall()

    assert run("a.duckdb", 1) == run("b.duckdb", 2)


def theil_sen(points: list[tuple[int, float]], at: int) -> float:
    slope = median((b - a) / (u - t) for n, (t, a) in enumerate(points) for u, b in points[n + 1 :])
    return median(y + slope * (at - t) for t, y in points)


def test_projection_is_the_robust_line_and_keeps_to_its_minimum_of_points(office: Office) -> None:
    values = [10, 12, 13, 40, 17, 18, 21, 22, 25, 26, 28]
    office.define("I", "at_least", low=100, baseline=0)
    office.define("L", "at_least", low=100, baseline=0)
    office.register()
    for period, value in zip(QUARTERS, values, strict=False):
        office.report("I", value, period=period)
    for period, value in list(zip(QUARTERS, values, strict=False))[-3:]:
        office.report("L", value, period=period)
    rows = office.assess()
    row = rows[("I", CITY)]
    assert row["projected_2020"] == pytest.approx(theil_sen(list(enumerate(map(float, values))), 15))
    assert row["projected_low"] < row["projected_2020"] < row["projected_high"]
    assert rows[("L", CITY)]["projected_2020"] is None
    assert "数据不足4期" in rows[("L", CITY)]["note"]


def test_projection_of_a_straight_line_is_the_line(office: Office) -> None:
    office.define("I", "at_least", low=100, baseline=0)
    office.register()
    for n, period in enumerate(QUARTERS[7:11]):
        office.report("I", 10 + 2 * n, period=period)
    row = office.assess()[("I", CITY)]
    projected = (row["projected_low"], row["projected_2020"], row["projected_high"])
    assert projected == pytest.approx((26, 26, 26))


def test_flow_is_projected_as_its_full_year(office: Office) -> None:
    office.define("I", "at_least", low=300, baseline=100, accumulation="ytd")
    office.register()
    for n, period in enumerate(QUARTERS[4:11]):
        office.report("I", 50.0 * (n % 4 + 1), period=period)
    assert office.assess()[("I", CITY)]["projected_2020"] == pytest.approx(200)


def test_backtest_compares_each_past_projection_with_what_came(office: Office) -> None:
    office.define("I", "at_least", low=100, baseline=0)
    office.register()
    values = [10.0, 12, 14, 16, 18, 25]
    for period, value in zip(QUARTERS, values, strict=False):
        office.report("I", value, period=period)
    found = {r["horizon"]: r for r in backtest(office.store, "2019-Q3", moment(20))}
    assert {h: r["projections"] for h, r in found.items()} == {1: 2, 2: 1}
    assert found[1]["median_error"] == pytest.approx((0 + 5) / 2)
    assert found[2]["median_error_pct"] == pytest.approx(20)
    assert backtest(office.store, "2019-Q3", moment(1, 1)) == []
    fifth = backtest(office.store, QUARTERS[4], moment(20))
    assert [(r["horizon"], r["projections"]) for r in fifth] == [(1, 1)], "four make a projection, one came"
    assert backtest(office.store, QUARTERS[3], moment(20)) == []


def test_a_straight_line_is_hit_by_every_projection(office: Office) -> None:
    """Its interval is a point: the last bit of 61.7 + 1.3n must not count as a miss."""
    office.define("I", "at_least", low=1000, baseline=0)
    office.register()
    for n, period in enumerate(QUARTERS):
        office.report("I", round(61.7 + 1.3 * n, 1), period=period)
    for found in (backtest, backtest_by_horizon):
        for row in found(office.store, QUARTERS[-1], moment(20)):
            held = (
                row["within_pct"] / 100
                if "within_pct" in row
                else row["within_interval"] / row["projections"]
            )
            assert held == 1, row


def test_domain_score_weighs_capped_progress_and_names_what_it_leaves_out(office: Office) -> None:
    office.define("A", "at_least", low=100, baseline=0, weight=3.0)
    office.define("B", "at_least", low=100, baseline=0)
    office.define("C", "at_least", low=100)
    office.define("D", "milestone", measure="state")
    office.define("E", "at_least", low=100, baseline=0, accumulation="ytd")
    office.register()
    for code, value in (("A", 40.0), ("B", 250.0), ("C", 5.0), ("E", 5.0)):
        office.report(code, value)
    office.compute()
    rows = office.store.rows("score_domains", {"period": "2019-Q3"})
    assert len(rows) == 1
    row = rows[0]
    assert row["score_pct"] == pytest.approx((3 * 40 + 100) / 4)
    assert (row["domain"], row["scored"], row["indicators"]) == ("D-01", 2, 5)
    assert row["weights"] == "A×3，B×1"
    assert all(part in row["excluded"] for part in ("C（缺基期", "D（里程碑", "E（年度累计"))


def test_plan_score_is_the_weighted_mean_of_the_domains_scores(office: Office) -> None:
    office.define("A", "at_least", low=100, baseline=0)
    office.define("P", "at_least", low=100, baseline=0, domain=None)
    office.define("Q", "milestone", measure="state", domain=None)
    office.register()
    office.report("A", 40.0)
    office.report("P", 80.0)
    office.compute()
    (row,) = office.store.rows("score_plan", {"period": "2019-Q3"})
    assert row["score_pct"] == pytest.approx(60)
    assert row["weights"] == "全市总体目标×1，领域一×1" and (row["scored"], row["domains"]) == (2, 2)
