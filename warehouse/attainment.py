"""Attainment: every target judged for a quarter as it was known at an instant, set-wise in SQL.

Belongs here: the order of the steps and the decision whether anything changed. Does not: formulas
(each in its own file under ``sql/query``), what a target is (config), how it is shown (templates).
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from config.calendar import cadence_of, period_index
from warehouse import projecting
from warehouse.store import Store, query

# What makes a roll-up, in this order. A stored one is used only while none of these statements has changed.
_ROLLING_UP = (
    "create_attainment_quarters", "create_attainment_affected", "create_attainment_targets", "rollup_attainment",
    "create_attainment_series", "create_attainment_digests",
)  # fmt: skip
# What makes figures of roll-ups. An assessment builds upon an earlier one only while none of both has changed.
_SCORING = (
    "create_attainment_shares", "list_projection_points", "create_projection", "create_attainment_paths",
    "score_attainment",
)  # fmt: skip


def compute(
    store: Store, period: str, as_of: datetime, lights: tuple[float, float] = (0.0, 30.0), min_points: int = 4
) -> int:
    """Assesses all targets of ``period`` with the register and revisions known at ``as_of``.

    Computes only what figures noted since the latest assessment can have changed, where everything else is as
    it was then; stores only the rows that became other (ADR 22).

    Returns the number of targets assessed: 0 when inputs and results equal the latest assessment known at
    ``as_of`` (a rerun leaves the mart as it was), or when no register was in force then. Call inside a
    transaction.

    :param period: ``2019-Q3`` or ``2019-A1``
    :param as_of: aware; observations recorded and registers noted later do not count
    :param lights: gaps in percentage points up to which a light is green and yellow
    :param min_points: fewest figures from which a projection is made
    """
    params = _params(store, period, as_of, min_points)
    if params is None:
        return 0
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
    named["basis"] = _basis(named)
    try:
        last = _last(store, named)
        named |= _roll_up(store, named, last)
        _step(store, "create_attainment_shares", named)
        points = projecting.points_of(store.con, _needed("list_projection_points", named))
        projecting.keep(store.con, [points.read_off(points.t_to, min_points)])
        for name in ("create_attainment_paths", "score_attainment"):
            _step(store, name, named)
        _keep_rollups(store, named)
        return _keep(store, named, last)
    finally:
        store.con.execute(query("drop_attainment_tables"))


def _last(store: Store, named: dict[str, Any]) -> dict[str, Any]:
    """The latest assessment of the period known at the instant; without one, one without rows."""
    found = store.rows("read_last_assessment", _needed("read_last_assessment", named))
    return found[0] if found else {"sequence": None, "base": None, "basis": "", "is_newest": False}


def _keep(store: Store, named: dict[str, Any], last: dict[str, Any]) -> int:
    named |= {"former": last["sequence"], "base": last["base"]}
    named["input_hash"] = _row(store, "read_attainment_input_hash", named)["input_hash"]
    _step(store, "create_attainment_former", named)
    found = _row(store, "compare_attainment", named)
    if last["sequence"] and not any(found.values()) and last["input_hash"] == named["input_hash"]:
        return 0
    named |= _row(store, "read_next_assessment", named)
    # Rows can stay with an earlier number only while nothing lies between the two, and each target still has one.
    named["is_whole"] = not last["is_newest"] or found["gone"] > 0
    named["base"] = named["sequence"] if named["is_whole"] else last["base"]
    named["figures"] = last["figures"] if named["since"] else _row(store, "count_attainment", named)["rows"]
    for name in ("insert_attainment", "insert_assessment"):
        store.run(name, _needed(name, named))
    written: int = named["figures"]
    return written


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
    params = _params(store, period, as_of, min_points)
    # A projection needs min_points quarters, and one more to have come since.
    if params is None or _row(store, "count_reported_quarters", params)["quarters"] <= min_points:
        return []
    try:
        params |= _roll_up(store, params, {})
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


def _params(store: Store, period: str, as_of: datetime, min_points: int) -> dict[str, Any] | None:
    """What every statement may ask for; None before any register."""
    register = store.rows("read_register_as_of", {"as_of": as_of})
    if not register:
        return None
    return {
        **register[0],
        "period": period,
        "as_of": as_of,
        "min_points": min_points,
        "year": int(period[:4]),
        "formula_hash": _hash(_ROLLING_UP),
    }


def _roll_up(store: Store, params: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    """Temporary tables of targets, figures and series, of all or of those with figures noted after ``last``.

    Quarters whose figures are those of a stored roll-up are not added up again.

    :returns: ``since``, the instant of ``last`` where only what changed after it is computed, and ``known``
    """
    is_same = bool(last) and last["is_newest"] and last["basis"] == params["basis"]
    named = {**params, "since": last["as_of"] if is_same else None}
    _step(store, _ROLLING_UP[0], named)
    seen = _row(store, "read_attainment_known", named)
    if is_same and not (seen["is_kept"] and seen["former_known"] == last["known"]):
        # Something was put in behind the last assessment's back, or its roll-ups were forgotten.
        named["since"] = None
        _step(store, _ROLLING_UP[0], named)
    for name in _ROLLING_UP[1:]:
        _step(store, name, named)
    return {"since": named["since"], "known": seen["known"]}


def forget_rollups(store: Store) -> None:
    """Drops every stored roll-up; the next assessment adds up all quarters again. Call inside a transaction."""
    for name in ("delete_rollups", "delete_stale_rollup_values"):
        store.run(name)


def _keep_rollups(store: Store, named: dict[str, Any]) -> None:
    if _row(store, "count_stale_rollups", named)["quarters"] == 0:
        return
    for name in (
        "delete_stale_rollups", "delete_stale_rollup_values", "delete_former_rollup_values", "update_rollups",
        "insert_rollups", "insert_rollup_values",
    ):  # fmt: skip
        store.run(name, _needed(name, named))


def _basis(named: dict[str, Any]) -> str:
    """Everything but figures that decides what an assessment says."""
    settings = ("plan_hash", "city", "end_period", "yellow_gap_pp", "red_gap_pp", "min_points")
    made = [_hash(_ROLLING_UP + _SCORING), _projecting_hash(), *(str(named[name]) for name in settings)]
    return hashlib.sha256("|".join(made).encode()).hexdigest()


@cache
def _hash(names: tuple[str, ...]) -> str:
    return hashlib.sha256("".join(map(query, names)).encode()).hexdigest()


@cache
def _projecting_hash() -> str:
    return hashlib.sha256(files("warehouse").joinpath("projecting.py").read_bytes()).hexdigest()


def _needed(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """DuckDB refuses parameters that a statement does not name."""
    named = set(re.findall(r"\$([a-z_0-9]+)", query(name)))
    return {k: v for k, v in params.items() if k in named}


def _step(store: Store, name: str, params: dict[str, Any]) -> None:
    # Temporary tables do not change the warehouse, so this bypasses Store.run, which marks it changed.
    store.con.execute(query(name), _needed(name, params))


def _row(store: Store, name: str, params: dict[str, Any]) -> dict[str, Any]:
    return store.rows(name, _needed(name, params))[0]
