"""Attainment of every target kind, on its borders, against numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from warehouse.attainment import compute
from warehouse.store import Store

SHANGHAI = timezone(timedelta(hours=8))
CITY = "441400"


def moment(day: int, hour: int = 9) -> datetime:
    return datetime(2019, 10, day, hour, tzinfo=SHANGHAI)


class Office:
    """A warehouse with a register written straight into its tables; each change of it is an event."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.indicators: dict[str, dict[str, Any]] = {}
        self.revisions: dict[tuple[str, str, str], int] = {}

    def define(self, code: str, kind: str, units: tuple[str, ...] = ("U1",), **options: Any) -> None:
        self.indicators[code] = {"kind": kind, "units": units, **options}

    def register(self, plan_hash: str = "p1", at: datetime | None = None, end: str = "2020-Q4") -> None:
        s, units = self.store, sorted({u for i in self.indicators.values() for u in i["units"]})
        s.append(
            "register_event",
            ("recorded_at", "plan_hash", "config_hash", "reason"),
            [(at or moment(1), plan_hash, "c", "")],
        )
        s.append("plan", ("plan_hash", "plan_id", "name", "city", "city_name", "start_period", "end_period"),
                 [(plan_hash, "x", "x", CITY, "市", "2015-Q4", end)])  # fmt: skip
        s.append("unit", ("plan_hash", "unit", "name", "kind", "city", "sort"),
                 [(plan_hash, u, u, "county", CITY, n) for n, u in enumerate(units)])  # fmt: skip
        rows, targets, yearly, reporters = [], [], [], []
        for n, (code, i) in enumerate(self.indicators.items()):
            get = i.get
            rows.append((plan_hash, code, code, get("domain", "D-01"), None, "一", get("measure", "amount"), "亿元", "",
                         get("accumulation", "level"), get("direction", "up"), get("scope", "city"), get("rollup", "single"), False,
                         get("reports_drop", False), get("weight", 1.0), n))  # fmt: skip
            own = {u: {} for u in i["units"]} if get("scope") == "unit" else {}
            own.update(get("own", {}))
            for unit, extra in ((CITY, {}), *own.items()):
                t = {"low": get("low"), "high": get("high"), "baseline": get("baseline"), **extra}
                targets.append((plan_hash, code, unit, "city" if unit == CITY else "unit", i["kind"], t["low"], t["high"],
                                get("strict", False), False, "", t["baseline"], get("baseline_period", "2015-Q4")))  # fmt: skip
            yearly += [(plan_hash, code, y, v) for y, v in get("yearly", {}).items()]
            reporters += [(plan_hash, code, u) for u in i["units"]]
        s.append(
            "domain",
            ("plan_hash", "domain", "name", "weight", "sort"),
            [(plan_hash, "D-01", "领域一", 1.0, 0)],
        )
        s.append("indicator", ("plan_hash", "indicator", "name", "domain", "action", "clause", "measure", "unit_label", "definition",
                               "accumulation", "direction", "scope", "rollup", "needs_parts", "reports_drop", "weight", "sort"), rows)  # fmt: skip
        s.append("target", ("plan_hash", "indicator", "unit", "scope", "target_kind", "target_low", "target_high", "strict",
                            "aspirational", "wording", "baseline", "baseline_period"), targets)  # fmt: skip
        s.append("yearly_milestone", ("plan_hash", "indicator", "year", "value"), yearly)
        s.append("reporter", ("plan_hash", "indicator", "unit"), reporters)

    def report(self, item: str, value: float | None = None, *, unit: str = "U1", period: str = "2019-Q3", at: datetime | None = None,
               num: float | None = None, den: float | None = None, state: str | None = None, status: str = "reported",
               sid: str = "s", received: datetime | None = None, error_first: bool = False) -> None:  # fmt: skip
        n = self.revisions[(unit, item, period)] = self.revisions.get((unit, item, period), 0) + 1
        columns = ("unit", "item", "period", "revision", "value", "numerator", "denominator", "state", "status", "submission_id",
                   "recorded_at", "received_at", "reason", "had_error_first")  # fmt: skip
        row = (
            unit,
            item,
            period,
            n,
            value,
            num,
            den,
            state,
            status,
            sid,
            at or moment(2),
            received or at or moment(2),
            "",
            error_first,
        )
        self.store.append("observation", columns, [row])

    def assess(
        self, period: str = "2019-Q3", at: datetime | None = None, min_points: int = 4
    ) -> dict[tuple[str, str], dict[str, Any]]:
        as_of = at or moment(20)
        with self.store.transaction():
            compute(self.store, period, as_of, (0, 30), min_points)
        cursor = self.store.con.execute(
            "FROM attainment WHERE period = ? AND as_of = (SELECT max(as_of) FROM attainment WHERE period = ? AND as_of <= ?)",
            [period, period, as_of],
        )
        names = [c[0] for c in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return {(r["indicator"], r["unit"]): r for r in rows}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Store(tmp_path / "warehouse.duckdb") as store:
        yield Office(store)


def one(office: Office, kind: str, value: float | None = None, *, period: str = "2019-Q3", report: dict[str, Any] | None = None,
        **options: Any) -> dict[str, Any]:  # fmt: skip
    office.define("I", kind, **options)
    office.register()
    if value is not None or report:
        office.report("I", value, period=period, **(report or {}))
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
    assert row["light"] == ("met" if met else "green")
    assert row["coverage"] == "1/1"


@pytest.mark.parametrize(("value", "met", "progress"), [(14.5, True, 100), (16, False, 40), (12, True, 200)])
def test_at_most(office: Office, value: float, met: bool, progress: float) -> None:
    row = one(office, "at_most", value, high=14.5, baseline=17, measure="percent")
    assert row["met"] is met
    assert row["progress_pct"] == pytest.approx(progress)
    assert row["attainment_pct"] == pytest.approx(progress)
    assert row["light"] == ("met" if met else "red")
