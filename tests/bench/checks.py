"""Checks at scale: 3,000 submissions of 25 rows in one batch, the engine beside one SQL pass of the same rules.

python -m tests.bench.checks
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from pandas import DataFrame

from checks import suites
from checks.rules import Rule, load_rules
from checks.run import judge
from config.calendar import SHANGHAI
from config.register import Config, load_config, packaged
from warehouse.checking import SubmissionRow, prepare, release
from warehouse.intake.reading import ROW_COLUMNS, Claim, Reading
from warehouse.store import Store

NOW = datetime(2019, 10, 10, 9, 0, tzinfo=SHANGHAI)
PERIOD, PLAN = "2019-Q3", "p1"
QUARTERS = ("2018-Q3", "2018-Q4", "2019-Q1", "2019-Q2")
UNITS, ITEMS = 3000, 25


def run() -> dict[str, Any]:
    """Seconds of each part, failures of both judges (they must agree), peak memory in MB."""
    config = load_config([packaged()])
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "warehouse.duckdb") as store:
        with store.transaction():
            _register(store)
        submissions, readings = _batch()
        figures: dict[str, Any] = {"submissions": UNITS, "rows": UNITS * ITEMS, "rules": len(load_rules())}
        suites.validate(load_rules()[:1], DataFrame({suites.KEY: [1], "held_reason": [None]}), None)  # import
        began = time.perf_counter()
        rows, files = prepare(store, submissions, readings, period=PERIOD, template_version="1")
        figures["prepare_s"] = _since(began)
        began = time.perf_counter()
        by_sql = _sql_pass(store, config, {"rows": rows, "files": files})
        figures["sql_s"] = _since(began)
        began, cpu = time.perf_counter(), time.process_time()
        by_engine: dict[str, int] = {}
        for name, frame in (("files", files), ("rows", rows)):
            outcomes, figures["engine"] = suites.validate(
                [r for r in load_rules() if r.frame == name], frame, config.settings.checks
            )
            assert not any(o.error for o in outcomes), outcomes
            by_engine |= {o.rule: len(o.failed) for o in outcomes}
        figures["engine_s"] = _since(began)
        figures["engine_cpu_s"] = round(time.process_time() - cpu, 3)
        began = time.perf_counter()
        judgement = judge(rows, files, config)
        figures["judge_s"] = _since(began)
        release(store)
        figures["findings"] = len(judgement.findings)
        figures["agree"] = by_sql == by_engine
        figures["differences"] = {
            k: (by_sql[k], by_engine[k]) for k in by_sql if by_sql[k] != by_engine.get(k)
        }
        figures["budget_s"] = round(3 * figures["sql_s"] + 3, 3)
        figures["within_budget"] = figures["engine_s"] <= figures["budget_s"]
    figures["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return figures


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 3)


def _sql_pass(store: Store, config: Config, frames: dict[str, DataFrame]) -> dict[str, int]:
    """The same rules as one statement a frame: how many rows break each."""
    found: dict[str, int] = {}
    for name, frame in frames.items():
        rules = [r for r in load_rules() if r.frame == name]
        store.con.register("frame", frame)
        columns = ", ".join(
            f"len(list({suites.KEY}) FILTER ({_broken(r, config)})) AS {r.rule}" for r in rules
        )
        counts = store.con.execute(f"SELECT {columns} FROM frame").fetchone()
        store.con.unregister("frame")
        assert counts is not None
        found |= {r.rule: n or 0 for r, n in zip(rules, counts, strict=True)}
    return found


def _broken(rule: Rule, config: Config) -> str:
    """The condition under which a row breaks the rule; NULL where it does not apply."""
    given = suites.arguments(rule, config.settings.checks)
    if rule.columns is not None:
        return f"{rule.columns[0]} < {rule.columns[1]}"
    column = rule.column
    if rule.expect == "expect_column_values_to_be_null":
        return f"{column} IS NOT NULL"
    if rule.expect == "expect_column_values_to_be_between":
        low, high = given.get("min_value"), given.get("max_value")
        sides = [f"{column} < {low}"] * (low is not None) + [f"{column} > {high}"] * (high is not None)
        return " OR ".join(sides)
    values = ", ".join(f"'{v}'" if isinstance(v, str) else str(v) for v in given["value_set"])
    return f"{column} {'IN' if '_not_' in rule.expect else 'NOT IN'} ({values})"


def _register(store: Store) -> None:
    """25 indicators that every one of 3,000 units reports, with four earlier quarters."""
    cycle = ("period", "opened_at", "due_at", "grace_until", "plan_hash", "config_hash")
    store.append("cycle", cycle, [(PERIOD, NOW, NOW, NOW, PLAN, "c")])
    plan = ("plan_hash", "plan_id", "name", "city", "city_name", "start_period", "end_period")
    store.append("plan", plan, [(PLAN, "p", "方案", "440000", "市", "2015-Q4", "2020-Q4")])
    unit = ("plan_hash", "unit", "name", "kind", "city", "sort")
    store.append("unit", unit, [(PLAN, _unit(u), f"单位{u}", "county", "440000", u) for u in range(UNITS)])
    indicator = (
        "plan_hash", "indicator", "name", "clause", "measure", "unit_label", "definition", "accumulation",
        "direction", "scope", "rollup", "needs_parts", "reports_drop", "weight", "sort",
    )  # fmt: skip
    store.append("indicator", indicator, [
        (PLAN, _item(i), f"指标{i}", "一", _measure(i), _label(i), "口径", _accumulation(i), "up", "unit",
         "ratio" if i % 5 == 2 else "sum", i % 5 == 2, False, 1.0, i)
        for i in range(ITEMS)
    ])  # fmt: skip
    pairs = [(u, i) for u in range(UNITS) for i in range(ITEMS)]
    store.append(
        "reporter", ("plan_hash", "indicator", "unit"), [(PLAN, _item(i), _unit(u)) for u, i in pairs]
    )
    owed = ("period", "unit", "item", "item_kind", "role", "is_owed")
    store.append(
        "obligation", owed, [(PERIOD, _unit(u), _item(i), "indicator", "lead", True) for u, i in pairs]
    )
    observation = (
        "unit", "item", "period", "revision", "value", "status", "submission_id", "sheet", "cell",
        "recorded_at", "received_at", "reason", "had_error_first",
    )  # fmt: skip
    for n, period in enumerate(QUARTERS):
        store.append("observation", observation, [
            (_unit(u), _item(i), period, 1, _value(u, i, n), "reported", f"old-{u}", "填报表", f"G{5 + i}", NOW, NOW,
             "首报", False)
            for u, i in pairs
        ])  # fmt: skip


def _batch() -> tuple[list[SubmissionRow], list[Reading]]:
    """One file a unit; about one row in forty is wrong somehow."""
    submissions, readings = [], []
    for u in range(UNITS):
        code = _unit(u)
        submissions.append(SubmissionRow(f"s{u}", code, PERIOD, NOW, code, code))
        readings.append(
            Reading(
                sha256=f"s{u}", kind="xlsx", rows=[_row(u, i) for i in range(ITEMS)],
                unit_name=Claim(f"单位{u}", "填报表", "B2"), unit_code=Claim(code, "填报表", "D2"),
                period=Claim(PERIOD, "填报表", "F2"), plan_hash=PLAN, template_version="1",
            )
        )  # fmt: skip
    return submissions, readings


def _row(u: int, i: int) -> tuple[Any, ...]:
    number, fault = 5 + i, (u * ITEMS + i) % 200
    made: dict[str, Any] = dict.fromkeys(ROW_COLUMNS, "")
    value: float | None = _value(u, i, len(QUARTERS))
    state = "number"
    if fault == 0:
        value, state = None, "blank"
    elif fault == 1:
        value, state = None, "ambiguous"
    elif fault == 2 and value is not None:
        value *= 10000
    elif fault == 3 and value is not None:
        value += 0.5
    elif fault == 4 and value is not None:
        value /= 3
    parts = i % 5 == 2 and value is not None
    made |= {
        "sheet": "填报表", "row": number, "item": _item(i), "item_kind": "indicator", "item_cell": f"A{number}",
        "unit_label": _label(i), "unit_label_cell": f"C{number}", "value": value, "value_state": state,
        "value_text": "约1000" if state == "ambiguous" else "" if value is None else str(value),
        "value_cell": f"G{number}", "numerator": value if parts else None, "denominator": 100.0 if parts else None,
        "numerator_state": "number" if parts else "blank", "denominator_state": "number" if parts else "blank",
        "numerator_cell": f"H{number}", "denominator_cell": f"I{number}", "nil_cell": f"J{number}",
        "remark_cell": f"K{number}", "is_nil": False, "state": None, "item_name": f"指标{i}",
    }  # fmt: skip
    return tuple(made[c] for c in ROW_COLUMNS)


def _value(u: int, i: int, quarter: int) -> float:
    base = 20 + (u * 7 + i * 13) % 50
    # A year's running total begins anew with the first quarter.
    steps = (3, 4, 1, 2, 3)[quarter] * 10 if _accumulation(i) == "ytd" else quarter
    return float(base + steps)


def _unit(u: int) -> str:
    return f"{500000 + u}"


def _item(i: int) -> str:
    return f"I-{i + 1:02d}"


def _measure(i: int) -> str:
    return ("amount", "count", "percent", "amount", "amount")[i % 5]


def _label(i: int) -> str:
    return ("亿元", "家", "%", "万人", "亿元")[i % 5]


def _accumulation(i: int) -> str:
    return ("level", "cumulative", "level", "ytd", "level")[i % 5]


if __name__ == "__main__":
    print(json.dumps(run(), ensure_ascii=False, indent=1))  # noqa: T201
