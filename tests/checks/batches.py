"""A small register with history, a good upload, and ways to spoil it; shared by the tests of the checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from config.settings import Checks
from warehouse.checking import SubmissionRow
from warehouse.intake.reading import ROW_COLUMNS, Claim, Reading
from warehouse.store import Store

NOW = datetime(2019, 10, 10, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
PERIOD = "2019-Q3"
PLAN = "p1"
QUARTERS = ["2018-Q1", "2018-Q2", "2018-Q3", "2018-Q4", "2019-Q1", "2019-Q2"]
CONFIG: Any = SimpleNamespace(settings=SimpleNamespace(checks=Checks()))

# code, measure, 计量单位, accumulation, rollup, needs_parts, lower, upper, reporters
INDICATORS = [
    ("I-01", "amount", "亿元", "level", "single", False, None, None, ["JXJ"]),
    ("I-02", "count", "家", "cumulative", "single", False, None, None, ["JXJ"]),
    ("I-03", "percent", "%", "level", "ratio", True, None, None, ["JXJ"]),
    ("I-04", "amount", "亿元", "ytd", "single", False, None, None, ["JXJ"]),
    ("I-05", "state", "状态", "level", "single", False, None, None, ["JXJ"]),
    ("I-06", "percent", "%", "level", "single", False, -50.0, 500.0, ["JXJ"]),
    ("I-07", "amount", "亿元", "level", "sum", False, None, None, ["SWJ", "441402", "441403"]),
    ("I-08", "amount", "亿元", "level", "single", False, None, None, ["SWJ", "FGJ"]),
    ("I-11", "amount", "亿元", "level", "single", False, 0.0, 5000.0, ["FGJ"]),
    ("I-09", "amount", "亿元", "level", "single", False, None, None, ["JXJ"]),
    ("I-10", "percent", "%", "level", "ratio", True, None, None, ["SWJ", "441402", "441403"]),
]
UNITS = [
    ("JXJ", "市经济和信息化局", "bureau"),
    ("FGJ", "市发展改革局", "bureau"),
    ("SWJ", "市商务局", "bureau"),
    ("441402", "梅江区", "county"),
    ("441403", "梅县区", "county"),
]
HISTORY: dict[str, list[Any]] = {
    "I-01": [100, 102, 104, 103, 105, 106],
    "I-02": [3, 5, 8, 9, 10, 10],
    "I-04": [10, 20, 30, 40, 12, 24],
    "I-05": [None, None, None, "未启动", "推进中", "推进中"],
    "I-09": [100, 101, 99, 100, 101, 140],
    "A-0101": [None, None, None, None, "未启动", "推进中"],
}
GOOD: dict[str, dict[str, Any]] = {
    "I-01": {"value": 107},
    "I-02": {"value": 11},
    "I-03": {"value": 73, "numerator": 73, "denominator": 100},
    "I-04": {"value": 36},
    "I-05": {"state": "推进中"},
    "I-06": {"value": 120},
    "I-09": {"value": 100},
    "A-0101": {"state": "推进中", "remark": "已完成选址"},
}
LABELS = {code: label for code, _, label, *_ in INDICATORS}
NAMES = {**{code: f"指标{code}" for code in LABELS}, "A-0101": "措施一"}


@dataclass
class Upload:
    """One file of the batch. ``change`` maps an item to changed fields (None: the row is left out)."""

    name: str
    change: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    unit: str = "JXJ"
    period: str | None = PERIOD
    extra: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    reading: dict[str, Any] = field(default_factory=dict)
    resolved: dict[str, Any] = field(default_factory=dict)

    def rows(self) -> list[tuple[Any, ...]]:
        base = GOOD if self.unit == "JXJ" else {}
        items = {
            code: self.change.get(code, {}) for code in [*base, *(c for c in self.change if c not in base)]
        }
        lines = [
            (c, {**base.get(c, {}), **(x or {})}) for c, x in items.items() if x is not None
        ] + self.extra
        sheets = {"indicator": 4, "action": 4}
        out = []
        for code, cells in lines:
            kind = "action" if code.startswith("A-") else "indicator"
            sheets[kind] += 1
            out.append(row(code, kind, sheets[kind], **cells))
        return out

    def submission(self) -> SubmissionRow:
        claimed = {"name_unit": self.unit, "code_unit": self.unit, **self.resolved}
        return SubmissionRow(self.name, self.unit, self.period, NOW, **claimed)

    def as_reading(self) -> Reading:
        told: dict[str, Any] = {
            "unit_name": Claim("名称", "填报表", "B2"),
            "unit_code": Claim(self.unit, "填报表", "D2"),
            "period": Claim(self.period or "", "填报表", "F2"),
            "plan_hash": PLAN,
            "template_version": "1",
        }
        return Reading(**{"sha256": self.name, "kind": "xlsx", "rows": self.rows(), **told, **self.reading})


def row(code: str, kind: str, number: int, **cells: Any) -> tuple[Any, ...]:
    """A row as intake hands it on; a figure may be given as text with its state."""
    made: dict[str, Any] = dict.fromkeys(ROW_COLUMNS, "")
    letters = {
        "item": "A",
        "unit_label": "C",
        "value": "G",
        "numerator": "H",
        "denominator": "I",
        "nil": "J",
        "remark": "K",
    }
    if kind == "action":
        letters |= {"value": "D", "remark": "E"}
    made |= {f"{name}_cell": f"{letter}{number}" for name, letter in letters.items()}
    made |= {
        "sheet": "填报表" if kind == "indicator" else "工作进展",
        "row": number,
        "item": code,
        "item_kind": kind,
    }
    made |= {
        "unit_label": LABELS.get(code, ""),
        "item_name": NAMES.get(code, ""),
        "is_nil": cells.get("nil_text") == "是",
        "state": cells.get("state"),
    }
    for part in ("value", "numerator", "denominator"):
        figure = cells.get(part)
        made |= {part: figure, f"{part}_text": "" if figure is None else str(figure)}
        made[f"{part}_state"] = "blank" if figure is None else "number"
    if made["state"]:
        made |= {"value_state": "state", "value_text": made["state"]}
    made |= {k: v for k, v in cells.items() if k not in ("value", "numerator", "denominator")}
    return tuple(made[c] for c in ROW_COLUMNS)


def fill_store(store: Store) -> None:
    periods = [PERIOD, "2020-Q1", "2020-Q2"]
    cycle = ("period", "opened_at", "due_at", "grace_until", "plan_hash", "config_hash")
    store.append("cycle", cycle, [(p, NOW, NOW, NOW, PLAN, "c") for p in periods])
    plan = ("plan_hash", "plan_id", "name", "city", "city_name", "start_period", "end_period")
    store.append("plan", plan, [(PLAN, "mz", "方案", "441400", "梅州市", "2015-Q4", "2020-Q4")])
    unit = ("plan_hash", "unit", "name", "kind", "city", "sort")
    store.append("unit", unit, [(PLAN, c, n, k, "441400", i) for i, (c, n, k) in enumerate(UNITS)])
    indicator = (
        "plan_hash", "indicator", "name", "clause", "measure", "unit_label", "definition", "accumulation",
        "direction", "scope", "rollup", "needs_parts", "reports_drop", "weight", "lower_limit", "upper_limit",
        "sort",
    )  # fmt: skip
    store.append("indicator", indicator, [
        (PLAN, c, NAMES[c], "一", m, u, "口径", a, "up", _scope(c), r, n, False, 1.0, lo, hi, i)
        for i, (c, m, u, a, r, n, lo, hi, _) in enumerate(INDICATORS)
    ])  # fmt: skip
    store.append(
        "reporter", ("plan_hash", "indicator", "unit"), [(PLAN, i[0], u) for i in INDICATORS for u in i[8]]
    )
    action = ("plan_hash", "action", "name", "clause", "kind", "sort")
    store.append("action", action, [(PLAN, "A-0101", NAMES["A-0101"], "一", "action", 1)])
    owed = [(p, u, i[0], "indicator", "lead", True) for p in periods for i in INDICATORS for u in i[8]]
    owed += [
        (p, u, "A-0101", "action", r, r == "lead")
        for p in periods
        for u, r in (("JXJ", "lead"), ("FGJ", "contributing"))
    ]
    store.append("obligation", ("period", "unit", "item", "item_kind", "role", "is_owed"), owed)
    for code, series in HISTORY.items():
        for period, figure in zip(QUARTERS, series, strict=True):
            if figure is not None:
                observe(store, "JXJ", code, period, figure)


def observe(
    store: Store,
    unit: str,
    item: str,
    period: str,
    figure: Any,
    *,
    revision: int = 1,
    status: str = "reported",
    remark: str | None = None,
    cell: str = "G5",
) -> None:
    columns = (
        "unit", "item", "period", "revision", "value", "state", "status", "remark", "submission_id",
        "sheet", "cell", "recorded_at", "received_at", "reason", "had_error_first",
    )  # fmt: skip
    value, state = (None, figure) if isinstance(figure, str) else (figure, None)
    line = (
        unit,
        item,
        period,
        revision,
        value,
        state,
        status,
        remark,
        f"old-{unit}",
        "填报表",
        cell,
        NOW,
        NOW,
        "",
        False,
    )
    store.append("observation", columns, [line])


def _scope(code: str) -> str:
    return "unit" if code == "I-10" else "city"
