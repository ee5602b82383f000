"""A warehouse whose register is written straight into its tables, so that a test states only what it is about."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from warehouse.attainment import compute
from warehouse.restating import known_at
from warehouse.store import Store

SHANGHAI = timezone(timedelta(hours=8))
CITY = "441400"
INDICATOR = (
    "domain", "measure", "accumulation", "direction", "scope", "rollup", "reports_drop", "weight",
)  # fmt: skip
DEFAULTS: dict[str, Any] = {
    "domain": "D-01", "measure": "amount", "accumulation": "level", "direction": "up", "scope": "city",
    "rollup": "single", "reports_drop": False, "weight": 1.0, "strict": False, "baseline_period": "2015-Q4",
}  # fmt: skip


def moment(day: int, hour: int = 9) -> datetime:
    return datetime(2019, 10, day, hour, tzinfo=SHANGHAI)


class Office:
    """Define indicators, register them, report figures, assess."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.indicators: dict[str, dict[str, Any]] = {}
        self.cities: dict[str, str] = {}  # of units elsewhere than in CITY
        self.revisions: dict[tuple[str, str, str], int] = {}

    def define(self, code: str, kind: str, units: tuple[str, ...] = ("U1",), **options: Any) -> None:
        """Options: columns of indicator and target, ``own`` {unit: {low, baseline}}, ``yearly`` {year: value}."""
        self.indicators[code] = {**DEFAULTS, "kind": kind, "units": units, **options}

    def register(self, plan_hash: str = "p1", at: datetime | None = None, end: str = "2020-Q4") -> None:
        s = self.store
        units = sorted({u for i in self.indicators.values() for u in i["units"]})

        def add(table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
            s.append(table, ("plan_hash", *columns.split()), [(plan_hash, *row) for row in rows])

        add("register_event", "recorded_at config_hash reason", [(at or moment(1), "c", "")])
        span = ("x", "x", CITY, "梅州市", "2015-Q4", end)
        add("plan", "plan_id name city city_name start_period end_period", [span])
        add(
            "unit",
            "unit name kind city sort",
            [(u, u, "county", self.cities.get(u, CITY), n) for n, u in enumerate(units)],
        )
        add("domain", "domain name weight sort", [("D-01", "领域一", 1.0, 0)])
        items = list(self.indicators.items())
        add(
            "indicator",
            "indicator name clause unit_label definition needs_parts sort " + " ".join(INDICATOR),
            [
                (c, c, "一", "亿元", "", False, n, *(i[k] for k in INDICATOR))
                for n, (c, i) in enumerate(items)
            ],
        )
        add(
            "target",
            "indicator unit scope target_kind target_low target_high strict aspirational wording baseline"
            " baseline_period",
            [row for code, i in items for row in _targets(code, i)],
        )
        years = [(code, y, v) for code, i in items for y, v in i.get("yearly", {}).items()]
        add("yearly_milestone", "indicator year value", years)
        add("reporter", "indicator unit", [(code, u) for code, i in items for u in i["units"]])

    def report(self, item: str, value: float | None = None, **options: Any) -> None:
        """One more revision. Options: unit, period, at, numerator, denominator, state, status."""
        unit, period = options.get("unit", "U1"), options.get("period", "2019-Q3")
        at = options.get("at", moment(2))
        n = self.revisions[(unit, item, period)] = self.revisions.get((unit, item, period), 0) + 1
        row = {
            "unit": unit, "item": item, "period": period, "revision": n, "value": value, "submission_id": "s",
            "recorded_at": at, "received_at": at, "reason": "", "had_error_first": False, "status": "reported",
        }  # fmt: skip
        row |= {k: v for k, v in options.items() if k in ("numerator", "denominator", "state", "status")}
        self.store.append("observation", tuple(row), [tuple(row.values())])

    def compute(
        self, period: str = "2019-Q3", at: datetime | None = None, min_points: int = 4, red: float = 30
    ) -> int:
        with self.store.transaction():
            return compute(self.store, period, at or moment(20), (0, red), min_points)

    def assess(
        self, period: str = "2019-Q3", at: datetime | None = None, min_points: int = 4
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """Rows of the latest assessment known at ``at`` by (indicator, unit)."""
        self.compute(period, at, min_points)
        rows = self.known(period, at or moment(20))
        found = {(r["indicator"], r["unit"]): r for r in rows}
        assert len(found) == len(rows), "one row an indicator and unit"
        return found

    def known(self, period: str, at: datetime) -> list[dict[str, Any]]:
        """Rows of the mart as it stood at ``at``, in no order."""
        with known_at(self.store, at):
            cursor = self.store.con.execute("FROM mart.attainment WHERE period = ?", [period])
            names = [c[0] for c in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _targets(code: str, i: dict[str, Any]) -> list[tuple[Any, ...]]:
    own: dict[str, dict[str, Any]] = {u: {} for u in i["units"]} if i["scope"] == "unit" else {}
    own |= i.get("own", {})
    rows = []
    for unit, extra in ((CITY, dict[str, Any]()), *own.items()):
        t = {k: extra.get(k, i.get(k)) for k in ("low", "high", "baseline")}
        scope = "city" if unit == CITY else "unit"
        rows.append((code, unit, scope, i["kind"], t["low"], t["high"], i["strict"], False, "", t["baseline"],
                     i["baseline_period"]))  # fmt: skip
    return rows
