"""One figure reads the same wherever it stands: rounded half up on page, chart, terminal and in Prefect."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from flows import artifacts
from flows.answers import wording
from templates import formats, graphs
from templates.site_samples import period_line

HALVES = (0.25, 26.15, 77.75, 0.05, 2.675, 1.005, -474.75, 12.345, 0.00005, 99.95)


@pytest.mark.parametrize("value", HALVES)
@pytest.mark.parametrize("decimals", [1, 2, 4])
def test_a_chart_holds_the_number_that_the_page_writes(value: float, decimals: int) -> None:
    told = formats.rounded(value, decimals)
    assert told is not None
    assert formats.number(told, 9) == formats.number(value, decimals)


def test_lines_of_a_chart_are_rounded_half_up() -> None:
    line = replace(period_line(), completeness_pct=26.15, timeliness_pct=77.75, quality_pct=0.25)
    chart = graphs.reporting([line, line])
    assert chart is not None
    assert [s["data"] for s in chart.option["series"]] == [[26.2, 26.2], [77.8, 77.8], [0.3, 0.3]]


@pytest.mark.parametrize("value", HALVES)
def test_prefect_and_explain_write_what_the_page_writes(value: float) -> None:
    assert artifacts._shown(value) == formats.number(value, 2)
    assert wording.plain(value) == formats.number(value, 4)


@pytest.mark.parametrize("value", [1e26, -9e28, 1.7e308])
def test_any_number_can_be_written(value: float) -> None:
    text = formats.number(value).replace(",", "")
    assert float(text) == value and "." not in text
    assert formats.rounded(value) == value


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, None])
def test_what_is_no_number_is_a_dash(value: float | None) -> None:
    assert formats.number(value) == formats.NOTHING == wording.plain(value)
    assert formats.rounded(value) is None


@pytest.mark.parametrize(("value", "told", "said"), [
    (0.0, "0", "与序时进度持平"), (-0.0, "0", "与序时进度持平"), (0.04, "0.04", "落后0.04个百分点"),
    (-0.0004, "-0.0004", "领先0.0004个百分点"), (0.05, "0.1", "落后0.1个百分点"), (-12.34, "-12.3", "领先12.3个百分点"),
    (1e-12, "0", "与序时进度持平"), (None, "—", "—"),
])  # fmt: skip
def test_a_gap_is_never_rounded_to_none(value: float | None, told: str, said: str) -> None:
    assert (formats.gap(value), formats.pace(value)) == (told, said)
