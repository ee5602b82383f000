"""Projection: Theil-Sen lines through many series at once, as arrays.

Belongs here: the slope, its interval, reading a line off at a later quarter. Does not: which figures are points
(``sql/query/list_projection_points.sql``), what a projection is compared with (``list_projection_backtest.sql``).

The one formula of the assessment that is not SQL (ADR 9): a series of 24 quarters has 276 slopes, and sorting the
slopes of 40,000 series takes 0.2 s here and 2 s as lists in the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from warehouse.store import query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

_COLUMNS = ("series", "origin", "t_to", "points", "slope", "projected", "projected_low", "projected_high")
_SLICE = 4096  # series at once: their slopes stay in the processor's cache, whatever the number of series


class Points:
    """Points of many series on one time axis up to ``origin``.

    ``values`` has a row a series and a column a quarter, NaN without a point; ``t_to`` is the plan's end.

    :param found: arrays ``series``, ``t``, ``y``, ``t_to``, in any order, at most one point a series and quarter
    """

    def __init__(self, found: Mapping[str, Any], origin: int) -> None:
        series, t, y, ends = (np.ma.getdata(found[name]) for name in ("series", "t", "y", "t_to"))
        self.series, rows = np.unique(series, return_inverse=True)
        self.origin = origin
        self.t_to = int(ends[0]) if len(ends) else origin
        first = int(t.min()) if len(t) else origin
        self.values: Floats = np.full((len(self.series), origin - first + 1), np.nan)
        self.values[rows, t - first] = y

    def read_off(self, t_to: int, min_points: int) -> dict[str, Any]:
        """Rows of the temporary table ``projection``, as arrays, of every series with enough points."""
        lines = project(self.values, t_to - self.origin, min_points)
        rows = lines.pop("row")
        fixed = {"origin": np.full(len(rows), self.origin), "t_to": np.full(len(rows), t_to)}
        return {"series": self.series[rows], **fixed, **lines}


def points_of(con: DuckDBPyConnection, params: Mapping[str, Any]) -> Points:
    """The points of ``list_projection_points``, whose parameters are ``params``."""
    found = con.execute(query("list_projection_points"), dict(params)).fetchnumpy()
    return Points(found, params["origin"])


def project(values: Floats, ahead: int, min_points: int) -> dict[str, Any]:
    """Theil-Sen line of every row, read off ``ahead`` quarters after the last column.

    Slope: median of all pairwise slopes; level: median of y - slope*t. Interval: the slopes at the ranks
    (N -/+ C)/2 of N, C = 1.96*sqrt(n(n-1)(2n+5)/18) (Sen 1968, 95 %). Rows of fewer than ``min_points``
    points are left out.

    :returns: arrays row, points, slope, projected, projected_low, projected_high
    """
    counts = np.count_nonzero(~np.isnan(values), axis=1)
    rows = np.flatnonzero(counts >= max(min_points, 2))
    parts = [_lines(values[part], ahead) for part in np.split(rows, range(_SLICE, len(rows), _SLICE))]
    columns = {n: np.concatenate(p) for n, p in zip(_COLUMNS[3:], zip(*parts, strict=True), strict=True)}
    return {"row": rows, **columns}


def _lines(y: Floats, ahead: int) -> tuple[Whole | Floats, ...]:
    width = y.shape[1]
    n: Whole = np.count_nonzero(~np.isnan(y), axis=1)
    pairs = n * (n - 1) // 2
    with np.errstate(over="ignore", invalid="ignore"):
        steps = [(y[:, d:] - y[:, :-d]) / d for d in range(1, width)]
        slopes = np.concatenate(steps, axis=1) if steps else np.empty((len(y), 1))
        slopes.sort(axis=1)  # NaN, of which there is one a missing pair, to the end
        c = 1.96 * np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
        low = _at(slopes, np.maximum(1, np.floor((pairs - c) / 2).astype(np.int64)))
        high = _at(slopes, np.minimum(pairs, np.ceil((pairs + c) / 2 + 1).astype(np.int64)))
        slope = _middle(slopes, pairs)
        # Quarters from each column to the one read off.
        way = ahead + width - 1 - np.arange(width)
        level, lowest, highest = (_middle(np.sort(y + s[:, None] * way), n) for s in (slope, low, high))
    return n, slope, level, np.minimum(lowest, level), np.maximum(highest, level)


def _at(ordered: Floats, rank: Whole) -> Floats:
    """Of each row the value at its rank, counted from 1."""
    return np.take_along_axis(ordered, rank[:, None] - 1, axis=1)[:, 0]


def _middle(ordered: Floats, n: Whole) -> Floats:
    """Median of the first ``n`` values of each row."""
    return (_at(ordered, (n + 1) // 2) + _at(ordered, n // 2 + 1)) / 2


def keep(con: DuckDBPyConnection, parts: Sequence[Mapping[str, Any]]) -> None:
    """Temporary table ``projection`` from what :meth:`Points.read_off` gave."""
    columns = {name: np.concatenate([p[name] for p in parts] or [np.empty(0)]) for name in _COLUMNS}
    con.register("projection_arrays", columns)
    try:
        con.execute(query("create_projection"))
    finally:
        con.unregister("projection_arrays")
