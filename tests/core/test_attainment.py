"""Attainment of every target kind, on its borders, against numbers worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attainment_office import CITY, Office, moment

from templates import formats
from warehouse.store import Store

PACING = Path(__file__).parents[3] / "shared" / "oracles" / "cn_pacing_cases.json"
UNITS = tuple(f"C{n}" for n in range(8))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Store(tmp_path / "warehouse.duckdb") as store:
        yield Office(store)


def one(office: Office, kind: str, value: float | None = None, **options: Any) -> dict[str, Any]:
    """The city row of a single indicator of ``kind`` of which U1 reported ``value`` (or ``state``)."""
    period, state = options.pop("period", "2019-Q3"), options.pop("state", None)
    office.define("I", kind, **options)
    office.register()
    if value is not None or state is not None:
        office.report("I", value, period=period, state=state)
    return office.assess(period)[("I", CITY)]


@pytest.mark.parametrize(
    ("value", "strict", "met"),
    [(1000, False, True), (1000, True, False), (1000.01, True, True), (999.99, False, False)],
)
def test_at_least_is_strict_only_for_chaoguo(office: Office, value: float, strict: bool, met: bool) -> None:
    row = one(office, "at_least", value, low=1000, strict=strict, baseline=500)
    assert row["met"] is met
    assert row["attainment_pct"] == pytest.approx(value / 10)
    assert row["progress_pct"] == pytest.approx((value - 500) / 5)
    assert row["expected_pct"] == 75
    assert row["gap_pp"] == pytest.approx(75 - (value - 500) / 5)
    assert row["light"] == ("met" if met else "green")
    assert row["coverage"] == "1/1"
    assert row["required_per_quarter"] == (0 if met else pytest.approx((1000 - value) / 5))


@pytest.mark.parametrize(("value", "met", "progress"), [(14.5, True, 100), (16, False, 40), (12, True, 200)])
def test_at_most_uses_progress_for_attainment(
    office: Office, value: float, met: bool, progress: float
) -> None:
    row = one(office, "at_most", value, high=14.5, baseline=17, measure="percent")
    assert row["met"] is met
    assert row["progress_pct"] == pytest.approx(progress)
    assert row["attainment_pct"] == pytest.approx(progress)
    assert row["light"] == ("met" if met else "red")


@pytest.mark.parametrize(
    ("value", "met", "above"), [(0, False, False), (1, True, False), (2, True, False), (3, True, True)]
)
def test_range_is_met_from_its_low_end_and_above_it_says_so(
    office: Office, value: float, met: bool, above: bool
) -> None:
    row = one(office, "range", value, low=1, high=2, baseline=0, measure="count")
    assert (row["met"], row["progress_pct"], row["attainment_pct"]) == (met, 100 * value, 100 * value)
    assert ("高于区间上限" in (row["note"] or "")) is above


@pytest.mark.parametrize(
    ("value", "met", "progress"), [(84, True, 100), (84.01, False, 99.9375), (92, False, 50), (80, True, 125)]
)
def test_reduction_reported_as_an_index(office: Office, value: float, met: bool, progress: float) -> None:
    row = one(office, "reduction", value, low=16, baseline=100, baseline_period="2014-Q4")
    assert (row["met"], row["progress_pct"]) == (met, pytest.approx(progress))
    assert row["attainment_pct"] == row["progress_pct"]
    assert row["expected_pct"] == pytest.approx(100 * 19 / 24)


@pytest.mark.parametrize(
    ("value", "met", "progress"), [(16, True, 100), (15.99, False, 99.9375), (8, False, 50), (20, True, 125)]
)
def test_reduction_reported_as_a_drop_needs_no_baseline(
    office: Office, value: float, met: bool, progress: float
) -> None:
    row = one(office, "reduction", value, low=16, reports_drop=True, measure="percent")
    assert (row["met"], row["progress_pct"]) == (met, pytest.approx(progress))


def test_reduction_on_its_border_survives_floating_point(office: Office) -> None:
    assert one(office, "reduction", 0.7 * 0.84, low=16, baseline=0.7)["met"] is True


@pytest.mark.parametrize(
    ("value", "baseline", "low", "progress", "shown"),
    [
        (17.93, 12.7, 32.7, 26.15, "26.2%"),
        (25.52, 19.3, 27.3, 77.75, "77.8%"),
        (10.21, 29.2, 33.2, -474.75, "-474.8%"),
    ],
)
def test_what_ends_in_a_half_is_shown_rounded_up(
    office: Office, value: float, baseline: float, low: float, progress: float, shown: str
) -> None:
    row = one(office, "at_least", value, low=low, baseline=baseline)
    assert (row["progress_pct"], formats.percent(row["progress_pct"])) == (progress, shown)
    assert row["gap_pp"] == 75 - progress


def test_a_result_is_neither_noise_nor_minus_zero(office: Office) -> None:
    row = one(office, "at_most", 17, high=14.5, baseline=17)
    assert (repr(row["progress_pct"]), repr(row["attainment_pct"])) == ("0.0", "0.0")
    office.define("R", "at_least", ("U1", "U2"), low=100, baseline=0, measure="percent", rollup="ratio")
    office.register("p2", moment(3))
    for unit, part in (("U1", 0.17), ("U2", 0.4)):
        office.report("R", unit=unit, numerator=part, denominator=0.5)
    office.define("M", "at_least", ("U1", "U2", "U3"), low=1000, baseline=0, rollup="mean")
    office.register("p3", moment(4))
    for unit, value in (("U1", 400.0), ("U2", 410.1), ("U3", 417.2)):
        office.report("M", value, unit=unit)
    assert office.assess()[("M", CITY)]["actual"] == 409.1, "1227.3 / 3 is 409.09999999999997"
    row = office.assess()[("R", CITY)]
    assert [row[k] for k in ("actual", "attainment_pct", "progress_pct", "gap_pp")] == [57, 57, 57, 18]


def test_reduction_without_baseline_is_undefined(office: Office) -> None:
    row = one(office, "reduction", 90, low=16)
    assert (row["met"], row["progress_pct"], row["light"]) == (None, None, "none")
    assert "缺基期" in row["note"]


@pytest.mark.parametrize(("value", "met"), [(100, True), (99.9, False)])
def test_full_coverage_is_a_hundred_per_cent(office: Office, value: float, met: bool) -> None:
    row = one(office, "full_coverage", value, baseline=60, measure="percent")
    assert (row["met"], row["progress_pct"], row["attainment_pct"]) == (
        met,
        pytest.approx((value - 60) / 0.4),
        value,
    )


@pytest.mark.parametrize(
    ("state", "met", "light"), [("已完成", True, "met"), ("推进中", False, "none"), ("未启动", False, "none")]
)
def test_milestone_invents_no_number(office: Office, state: str, met: bool, light: str) -> None:
    row = one(office, "milestone", state=state, measure="state")
    assert (row["met"], row["light"], row["note"]) == (met, light, f"里程碑：{state}")
    assert [row[k] for k in ("actual", "progress_pct", "expected_pct", "attainment_pct")] == [None] * 4


def test_unspecified_is_never_computed(office: Office) -> None:
    row = one(office, "unspecified", 7, baseline=1, measure="count")
    assert row["actual"] == 7
    assert [row[k] for k in ("met", "progress_pct", "expected_pct", "gap_pp", "attainment_pct")] == [None] * 5
    assert row["note"] == "目标值原文缺失，不计算"


@pytest.mark.parametrize(("value", "met"), [(99, False), (100, True), (101, True)])
def test_goal_equal_to_baseline_has_no_progress(office: Office, value: float, met: bool) -> None:
    row = one(office, "at_least", value, low=100, baseline=100)
    assert (row["met"], row["progress_pct"], row["gap_pp"]) == (met, None, None)
    assert row["light"] == ("met" if met else "none")
    assert "目标值等于基期值" in row["note"]


def test_missing_baseline_leaves_attainment_and_expected(office: Office) -> None:
    row = one(office, "at_least", 70, low=73)
    assert row["attainment_pct"] == pytest.approx(100 * 70 / 73)
    assert (row["progress_pct"], row["expected_pct"], row["light"]) == (None, 75, "none")
    assert "缺基期" in row["note"]


def test_nothing_reported_is_not_zero(office: Office) -> None:
    row = one(office, "at_least", low=10, baseline=0)
    assert [
        row[k] for k in ("actual", "met", "attainment_pct", "progress_pct", "gap_pp", "required_per_quarter")
    ] == [None] * 6
    assert (row["coverage"], row["light"], row["note"]) == ("0/1", "none", "未报送")


def test_confirmed_nil_return_is_a_zero_for_counts_but_not_for_percentages(office: Office) -> None:
    office.define("N", "at_least", low=10, baseline=0, measure="count")
    office.define("P", "at_least", low=10, baseline=0, measure="percent")
    office.register()
    office.report("N", status="nil")
    office.report("P", status="nil")
    rows = office.assess()
    assert (rows[("N", CITY)]["actual"], rows[("N", CITY)]["progress_pct"]) == (0, 0)
    assert "零报告按0计" in rows[("N", CITY)]["note"]
    assert rows[("P", CITY)]["actual"] is None
    assert "零报告，无数值" in rows[("P", CITY)]["note"]


@pytest.mark.parametrize(
    ("value", "light"), [(75, "green"), (74.9, "yellow"), (45, "yellow"), (44.9, "red"), (100, "met")]
)
def test_lights_at_their_thresholds(office: Office, value: float, light: str) -> None:
    assert one(office, "at_least", value, low=100, baseline=0)["light"] == light


@pytest.mark.parametrize(
    ("period", "expected"),
    [("2015-Q4", 0), ("2018-Q4", 20), ("2019-Q2", 40), ("2019-Q4", 60), ("2020-Q4", 100)],
)
def test_yearly_milestones_replace_the_straight_line(office: Office, period: str, expected: float) -> None:
    row = one(office, "at_least", 10, low=100, baseline=0, yearly={2018: 20, 2019: 60}, period=period)
    assert row["expected_pct"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("period", "expected"), [("2014-Q4", 0), ("2016-Q1", 5), ("2020-Q4", 100), ("2021-Q4", 100)]
)
def test_straight_line_runs_on_period_ends_and_stops_at_its_ends(
    office: Office, period: str, expected: float
) -> None:
    assert one(office, "at_least", 10, low=100, baseline=0, period=period)["expected_pct"] == pytest.approx(
        expected
    )


# Annual flows ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(not PACING.exists(), reason="published pacing cases are not at hand")
def test_published_pacing_of_a_year(tmp_path: Path) -> None:
    for case in json.loads(PACING.read_text("utf-8"))["cases"]:
        with Store(tmp_path / f"{case['id']}.duckdb") as store:
            row = one(Office(store), "at_least", case["completed"], low=case["target"], baseline=0, accumulation="ytd",
                      period=f"2020-Q{case['quarter']}")  # fmt: skip
        wanted = case["expected"]
        assert row["attainment_pct"] == pytest.approx(wanted["完成率"])
        assert row["expected_pct"] == pytest.approx(wanted["序时进度"])
        assert row["gap_pp"] == pytest.approx(wanted["落后百分点"])
        if not row["met"]:
            assert row["light"] == wanted["银川亮灯"], case["id"]


def test_flow_is_paced_within_its_year(office: Office) -> None:
    # Year totals: 100 in 2015, 200 in 2020, so 180 due in 2019 and 135 of it by September.
    row = one(office, "at_least", 120, low=200, baseline=100, accumulation="ytd")
    assert row["attainment_pct"] == 60
    assert row["progress_pct"] == pytest.approx(20)
    assert row["expected_pct"] == pytest.approx(35)
    assert row["required_per_quarter"] == pytest.approx(60)


def test_flow_uses_the_seasonal_share_of_full_years(office: Office) -> None:
    office.define("I", "at_least", low=200, baseline=100, accumulation="ytd")
    office.register()
    for quarter, value in enumerate((10, 20, 40, 100), 1):
        office.report("I", value, period=f"2018-Q{quarter}")
    office.report("I", 80)
    row = office.assess()[("I", CITY)]
    assert row["expected_pct"] == pytest.approx(180 * 0.4 - 100)
    assert "往年季节比重" in row["note"]


def test_falling_flow_cannot_be_met_before_the_year_is_over(office: Office) -> None:
    office.define("I", "at_most", high=10, baseline=20, accumulation="ytd", measure="count")
    office.register()
    office.report("I", 5)
    office.report("I", 5, period="2019-Q4")
    assert office.assess()[("I", CITY)]["met"] is None
    assert office.assess("2019-Q4")[("I", CITY)]["met"] is True


# Roll-up --------------------------------------------------------------------------------------------------


def test_percentages_roll_up_by_their_parts(office: Office) -> None:
    office.define("I", "at_least", ("A", "B"), low=73, baseline=0, measure="percent", rollup="ratio")
    office.register()
    office.report("I", 90, unit="A", numerator=9, denominator=10)
    office.report("I", 10, unit="B", numerator=9, denominator=90)
    row = office.assess()[("I", CITY)]
    assert (row["actual"], row["coverage"]) == (18, "2/2")


def test_denominator_zero_is_undefined(office: Office) -> None:
    office.define("I", "at_least", ("A", "B"), low=73, baseline=0, measure="percent", rollup="ratio")
    office.register()
    for unit in "AB":
        office.report("I", None, unit=unit, numerator=0, denominator=0)
    row = office.assess()[("I", CITY)]
    assert row["actual"] is None
    assert "分母为0" in row["note"]


def test_sum_with_a_missing_part_is_marked_and_not_ranked(office: Office) -> None:
    office.define("I", "at_least", ("A", "B"), low=100, baseline=0, rollup="sum")
    office.register()
    office.report("I", 60, unit="A")
    row = office.assess()[("I", CITY)]
    assert (row["actual"], row["coverage"], row["met"], row["light"], row["gap_pp"]) == (
        60,
        "1/2",
        None,
        "none",
        None,
    )
    assert "部分单位未报（1/2）" in row["note"]


def test_mean_is_over_those_who_reported(office: Office) -> None:
    office.define("I", "at_least", ("A", "B", "C"), low=100, baseline=0, rollup="mean")
    office.register()
    office.report("I", 60, unit="A")
    office.report("I", 80, unit="C")
    row = office.assess()[("I", CITY)]
    assert (row["actual"], row["coverage"]) == (70, "2/3")
    assert "部分单位未报（2/3）" in row["note"]


@pytest.mark.parametrize(("values", "met", "note"), [((5,) * 8, True, "8/8达标"), ((5,) * 6 + (4, 3), False, "6/8达标"),
                                                     ((5,) * 6 + (None, None), None, "6/8达标")])  # fmt: skip
def test_city_meets_a_per_unit_target_when_all_do(
    office: Office, values: tuple[float | None, ...], met: bool | None, note: str
) -> None:
    office.define("I", "at_least", UNITS, low=5, baseline=0, scope="unit", measure="count")
    office.register()
    for unit, value in zip(UNITS, values, strict=True):
        if value is not None:
            office.report("I", value, unit=unit)
    rows = office.assess()
    assert len(rows) == 9
    city = rows[("I", CITY)]
    assert city["met"] is met
    assert note in city["note"]
    assert city["light"] == ("met" if met else "yellow" if met is False else "none")
    assert [rows[("I", u)]["met"] for u in UNITS] == [None if v is None else v >= 5 for v in values]


def test_a_unit_with_its_own_target_is_judged_by_it(office: Office) -> None:
    office.define(
        "I", "at_least", ("A", "B"), low=100, baseline=0, rollup="sum", own={"A": {"low": 30, "baseline": 10}}
    )
    office.register()
    office.report("I", 25, unit="A")
    office.report("I", 50, unit="B")
    rows = office.assess()
    assert rows[("I", CITY)]["actual"] == 75
    assert rows[("I", "A")]["progress_pct"] == 75
    assert (rows[("I", "A")]["scope"], rows[("I", CITY)]["scope"]) == ("unit", "city")
    assert ("I", "B") not in rows
