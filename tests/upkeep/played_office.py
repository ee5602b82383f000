"""An office after two quarters, and everything its warehouse says, for comparing before and after."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from config.calendar import SHANGHAI
from flows import sample, steps
from flows.office import Office, open_office
from flows.steps import deciding
from flows.steps.opening import workbook_specs

PERIODS = ("2019-Q3", "2019-Q4")
OPENED = (
    datetime(2019, 10, 8, 9, tzinfo=SHANGHAI),
    datetime(2020, 1, 2, 9, tzinfo=SHANGHAI),
)
NOW = datetime(2020, 6, 1, 9, tzinfo=SHANGHAI)


def changeable(filled: sample.Filled) -> bool:
    return isinstance(filled.value, float) and filled.numerator is None


def drop(office: Office, unit: str, period: str, at: datetime, name: str = "", change: float = 0) -> None:
    spec = workbook_specs(office, period, at, {}, at)[unit]
    filled = dict(sample.figures(office.config, unit, period))
    if change:
        item = next(i for i, f in filled.items() if changeable(f))
        filled[item] = sample.Filled(filled[item].value + change)  # type: ignore[operator]
    path = office.home.inbox / unit / (name or f"{unit}_{period}.xlsx")
    path.write_bytes(sample.workbook(spec, filled))
    os.utime(path, (time.time() - 60,) * 2)


def mart(path: Path) -> dict[str, list[Any]]:
    """Every mart view and every table of facts, in one order."""
    with duckdb.connect(str(path), read_only=True) as con:
        con.execute("SET TimeZone = 'Asia/Shanghai'")
        names = con.execute(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables "
            "WHERE table_schema IN ('mart', 'main') AND table_name <> 'migration'"
        ).fetchall()
        return {n: con.execute(f"FROM {n} ORDER BY ALL").fetchall() for (n,) in sorted(names)}


def without_last_audit(tables: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """A rebuild and a restore note themselves: the audit log has one row more, the journal one entry."""
    return {n: rows for n, rows in tables.items() if n not in ("main.audit", "main.journal", "mart.audit")}


def play(home: Path) -> None:
    """Two quarters: reports, a correction, a copy, a return, an extension, a refused file, publication, a restatement."""
    office = open_office(home, trigger="test")
    units = [
        u.code
        for u in office.config.units
        if any(changeable(f) for f in sample.figures(office.config, u.code, PERIODS[0]).values())
    ][:3]
    for period, opened in zip(PERIODS, OPENED, strict=True):
        steps.open_cycle(office, period, opened)
        steps.deliver(office, opened)
        at = opened + timedelta(days=6)
        for unit in units:
            drop(office, unit, period, at)
        (office.home.inbox / units[0] / "说明.txt").write_text("不是表")
        os.utime(office.home.inbox / units[0] / "说明.txt", (time.time() - 60,) * 2)
        receipts = {r["unit"]: r["receipt_no"] for r in steps.collect(office, at).lines if r["receipt_no"]}
        drop(office, units[0], period, at, "再放一次.xlsx")  # the same bytes under another name
        drop(office, units[1], period, at, "更正.xlsx", change=1)
        steps.collect(office, at + timedelta(days=1))
        if period == PERIODS[0]:
            deciding.return_submission(
                office, receipts[units[2]], "李统筹", "wrong_scope", "口径", at + timedelta(days=1)
            )
            until = at + timedelta(days=25)
            deciding.extend(office, period, units[2], until, "李统筹", "系统故障", at + timedelta(days=1))
        steps.remind(office, at + timedelta(days=2))
        if period == PERIODS[0]:
            steps.report(office, period, at + timedelta(days=20), send=True)
        else:
            drop(office, units[1], PERIODS[0], at, "重述.xlsx", change=3)
            steps.collect(office, at + timedelta(days=21))
            steps.recheck(office, PERIODS[0], at + timedelta(days=22))
            steps.report(office, period, at + timedelta(days=23), send=True)
