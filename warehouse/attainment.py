"""Attainment: every target judged for a quarter as it was known at an instant, set-wise in SQL.

Belongs here: the order of the steps and the decision whether anything changed. Does not: formulas
(each in its own file under ``sql/query``), what a target is (config), how it is shown (templates).
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from functools import cache
from typing import Any

from config.calendar import cadence_of, period_index
from warehouse import projecting
from warehouse.store import Store, query

# What makes a roll-up, in this order. A stored one is used only while none of these statements has changed.
_ROLLING_UP = (
    "create_attainment_targets", "create_attainment_reporters", "create_attainment_quarters",
    "create_attainment_figures", "rollup_attainment", "create_attainment_series", "create_attainment_digests",
)  # fmt: skip


def compute(
    store: Store, period: str, as_of: datetime, lights: tuple[float, float] = (0.0, 30.0), min_points: int = 4
) -> int:
    """Assesses all targets of ``period`` with the register and revisions known at ``as_of``.

    Returns the number of rows stored: 0 when inputs and results equal the latest assessment known at
    ``as_of`` (a rerun leaves the mart as it was), or when no register was in force then. Call inside a
    transaction.

    :param period: ``2019-Q3`` or ``2019-A1``
    :param as_of: aware; observations recorded and registers noted later do not count
    :param lights: gaps in percentage points up to which a light is green and yellow
    :param min_points: fewest figures from which a projection is made
    """
    params = _prepare(store, period, as_of, min_points)
    if params is None:
        return 0
    try:
        t = period_index(period)
        named = {
            **params,
            "t": t,
            "year": t // 4,
            "origin": t,
            "unit": None,
            "cycle_quarters": cadence_of(period).quarters,
            "yellow_gap_pp": lights[0],
            "red_gap_pp": lights[1],
        }
        _step(store, "create_attainment_shares", named)
        points = projecting.points_of(store.con, _needed("list_projection_points", named))
        projecting.keep(store.con, [points.read_off(points.t_to, min_points)])
        for name in ("create_attainment_paths", "score_attainment"):
            _step(store, name, named)
        _keep_rollups(store, named)
        named["input_hash"] = _row(store, "read_attainment_input_hash", named)["input_hash"]
        if _row(store, "compare_attainment", named)["differences"] == 0:
            return 0
        store.run("delete_attainment_as_of", _needed("delete_attainment_as_of", named))
        store.run("insert_attainment", _needed("insert_attainment", named))
        written: int = _row(store, "count_attainment", named)["rows"]
        return written
    finally:
        store.con.execute(query("drop_attainment_tables"))


def backtest(
    store: Store, period: str, as_of: datetime, min_points: int = 4, unit: str | None = None
) -> list[dict[str, Any]]:
    """Projects every series from each past quarter to each later one up to ``period`` and compares.

    Each projection uses only what was reported up to its quarter, seasonal shares included.

    :param unit: only the series of this city or unit
    :returns: dicts: indicator, unit, scope, horizon (quarters), projections, median_error in the indicator's
        unit and median_error_pct in per cent of what came, within_interval (how many held), by indicator and horizon
    """
    return _backtested(store, period, as_of, min_points, unit, "list_projection_backtest")


def backtest_by_horizon(
    store: Store, period: str, as_of: datetime, min_points: int = 4, unit: str | None = None
) -> list[dict[str, Any]]:
    """As :func:`backtest`, over all series at once.

    :returns: dicts: horizon (quarters), projections, median_error_pct, within_pct (share that the interval held)
    """
    return _backtested(store, period, as_of, min_points, unit, "list_projection_horizons")


def _backtested(
    store: Store, period: str, as_of: datetime, min_points: int, unit: str | None, name: str
) -> list[dict[str, Any]]:
    params = _prepare(store, period, as_of, min_points)
    if params is None:
        return []
    try:
        last = period_index(period)
        quarters = [row["t"] for row in store.rows("list_attainment_quarters")]
        made = []
        for origin in quarters:
            named = {**params, "origin": origin, "year": origin // 4, "unit": unit}
            _step(store, "create_attainment_shares", named)
            points = projecting.points_of(store.con, _needed("list_projection_points", named))
            made += [points.read_off(to, min_points) for to in quarters if origin < to <= last]
        projecting.keep(store.con, made)
        _step(store, "create_attainment_shares", params)
        return store.rows(name)
    finally:
        store.con.execute(query("drop_attainment_tables"))


def _prepare(store: Store, period: str, as_of: datetime, min_points: int) -> dict[str, Any] | None:
    """Temporary tables of targets, figures and series; None before any register.

    Quarters whose figures are those of a stored roll-up are not added up again.
    """
    register = store.rows("read_register_as_of", {"as_of": as_of})
    if not register:
        return None
    params = {
        **register[0],
        "period": period,
        "as_of": as_of,
        "min_points": min_points,
        "year": int(period[:4]),
        "formula_hash": _formula_hash(),
    }
    for name in _ROLLING_UP:
        _step(store, name, params)
    return params


def forget_rollups(store: Store) -> None:
    """Drops every stored roll-up; the next assessment adds up all quarters again. Call inside a transaction."""
    for name in ("delete_rollups", "delete_stale_rollup_values"):
        store.run(name)


def _keep_rollups(store: Store, named: dict[str, Any]) -> None:
    if _row(store, "count_stale_rollups", named)["quarters"] == 0:
        return
    for name in (
        "delete_stale_rollups", "delete_stale_rollup_values", "insert_rollups", "insert_rollup_values",
    ):  # fmt: skip
        store.run(name, _needed(name, named))


@cache
def _formula_hash() -> str:
    return hashlib.sha256("".join(map(query, _ROLLING_UP)).encode()).hexdigest()


def _needed(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """DuckDB refuses parameters that a statement does not name."""
    named = set(re.findall(r"\$([a-z_0-9]+)", query(name)))
    return {k: v for k, v in params.items() if k in named}


def _step(store: Store, name: str, params: dict[str, Any]) -> None:
    # Temporary tables do not change the warehouse, so this bypasses Store.run, which marks it changed.
    store.con.execute(query(name), _needed(name, params))


def _row(store: Store, name: str, params: dict[str, Any]) -> dict[str, Any]:
    return store.rows(name, _needed(name, params))[0]
