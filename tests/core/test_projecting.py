"""Theil-Sen lines on arrays against the definition, pair by pair."""

from __future__ import annotations

import math
import statistics
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.projecting import Points, project

value = st.one_of(st.none(), st.floats(-1e6, 1e6).map(lambda v: round(v, 3)))
table = st.integers(1, 9).flatmap(
    lambda width: st.lists(st.lists(value, min_size=width, max_size=width), min_size=1, max_size=5)
)


def by_definition(row: list[float | None], ahead: int) -> tuple[float, float, float, float]:
    points = [(t, y) for t, y in enumerate(row) if y is not None]
    slopes = sorted((b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2))
    n, pairs = len(points), len(slopes)
    c = 1.96 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = slopes[max(1, math.floor((pairs - c) / 2)) - 1]
    high = slopes[min(pairs, math.ceil((pairs + c) / 2 + 1)) - 1]
    mid = statistics.median(slopes)
    to = len(row) - 1 + ahead
    level, lowest, highest = (
        statistics.median(y + s * (to - t) for t, y in points) for s in (mid, low, high)
    )
    return mid, level, min(lowest, level), max(highest, level)


@settings(max_examples=60, deadline=None)
@given(table, st.integers(1, 6), st.integers(2, 5))
def test_every_line_is_the_one_of_the_definition(
    rows: list[list[float | None]], ahead: int, min_points: int
) -> None:
    values = np.array([[math.nan if y is None else y for y in row] for row in rows])
    found = project(values, ahead, min_points)
    enough = [n for n, row in enumerate(rows) if sum(y is not None for y in row) >= min_points]
    assert found["row"].tolist() == enough
    for n, *line in zip(
        enough,
        found["slope"],
        found["projected"],
        found["projected_low"],
        found["projected_high"],
        strict=True,
    ):
        assert line == pytest.approx(by_definition(rows[n], ahead), rel=1e-9, abs=1e-6)


def test_points_come_in_any_order_and_many_slices_are_one() -> None:
    rng = np.random.default_rng(7)
    series, t = np.repeat(np.arange(5000), 6), np.tile(np.arange(8000, 8006), 5000)
    y = rng.normal(size=len(series))
    mixed = rng.permutation(len(series))
    one, other = (
        Points({"series": s, "t": q, "y": v, "t_to": np.full(len(s), 8010)}, 8005).read_off(8010, 4)
        for s, q, v in ((series, t, y), (series[mixed], t[mixed], y[mixed]))
    )
    assert len(one["series"]) == 5000
    for name in one:
        assert np.array_equal(one[name], other[name]), name


def test_nothing_reported_is_no_line() -> None:
    nothing = {name: np.empty(0, float if name == "y" else int) for name in ("series", "t", "y", "t_to")}
    assert all(len(column) == 0 for column in Points(nothing, 8005).read_off(8010, 4).values())
