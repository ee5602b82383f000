"""Five years of an office of the packaged plan's units, then the warehouse lost: how long the rebuild takes, and is it the same.

``python -m tests.bench.rebuild [quarters]``; everything below var/bench/rebuild.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from config.calendar import SHANGHAI
from flows import sample, steps, upkeep
from flows.office import Office, open_office
from flows.steps import deciding
from flows.steps.opening import workbook_specs
from warehouse import rebuilding

HOME = Path(__file__).parents[2] / "var" / "bench" / "rebuild"
FIRST = 2016


def run(quarters: int = 20) -> dict[str, Any]:
    """Sizes and seconds of the rebuild, and tables that differ from those before it (none is right)."""
    shutil.rmtree(HOME, ignore_errors=True)
    office = open_office(HOME, trigger="bench")
    began = time.monotonic()
    for n in range(quarters):
        _quarter(office, FIRST + n // 4, n % 4 + 1)
    played = time.monotonic() - began
    before = HOME / "before.duckdb"
    shutil.copyfile(office.home.warehouse, before)
    office.home.warehouse.unlink()
    done = upkeep.rebuild(office, datetime(2021, 6, 1, 9, tzinfo=SHANGHAI))
    with office.store() as store:
        differing = rebuilding.differing_tables(store.con, before)
        counts = {
            name: store.con.sql(f"SELECT count(*) FROM {name}").fetchall()[0][0]
            for name in ("submission", "observation", "finding", "mail", "attainment", "audit")
        }
    return {
        "quarters": quarters, "units": len(office.config.units), "play_s": round(played), "rebuild_s": round(done.seconds, 1),
        "entries": done.entries, "rows": done.rows, "archive_files": done.files, "figures_read_again": done.figures,
        "missing": len(done.missing), "figures_differing": len(done.differing),
        # The rebuild notes itself in the audit log: one row more there, nowhere else.
        "tables_differing": {t: d for t, d in differing.items() if (t, d) != ("audit", (1, 0))},
        "journal_mb": sum(f.stat().st_size for f in office.journal.files()) >> 20,
        "warehouse_mb": office.home.warehouse.stat().st_size >> 20, "rows_by_table": counts,
    }  # fmt: skip


def _quarter(office: Office, year: int, q: int) -> None:
    period = f"{year}-Q{q}"
    opened = datetime(year + q // 4, q % 4 * 3 + 1, 8, 9, tzinfo=SHANGHAI)
    steps.open_cycle(office, period, opened)
    steps.deliver(office, opened)
    specs = workbook_specs(office, period, opened, {}, opened)
    units = [u.code for u in office.config.units]
    for n, unit in enumerate(units):
        if n % 10 != q:  # some are late, one never comes
            _drop(office, specs, unit, period, "")
    receipts = {x["unit"]: x["receipt_no"] for x in steps.collect(office, opened + timedelta(days=3)).lines}
    for unit in units[q::10][1:]:
        _drop(office, specs, unit, period, "")
    _drop(office, specs, units[0], period, "再放一次")
    steps.collect(office, opened + timedelta(days=9))
    with office.store() as store:
        owing = [r["unit"] for r in store.rows("list_owed", {"period": period, "units": []})]
    if owing:
        deciding.extend(
            office,
            period,
            owing[0],
            opened + timedelta(days=60),
            "李统筹",
            "系统故障",
            opened + timedelta(days=10),
        )
    if q == 2:
        standing = next(r for u, r in receipts.items() if u not in owing and "-" in r)
        deciding.return_submission(office, standing, "李统筹", "other", "请核实", opened + timedelta(days=10))
    steps.remind(office, opened + timedelta(days=14))
    steps.report(office, period, opened + timedelta(days=20), send=True)


def _drop(office: Office, specs: Any, unit: str, period: str, suffix: str) -> None:
    path = office.home.inbox / unit / f"{unit}_{period}{suffix}.xlsx"
    path.write_bytes(sample.workbook(specs[unit], sample.figures(office.config, unit, period)))
    os.utime(path, (time.time() - 60,) * 2)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(*map(int, sys.argv[1:2])), ensure_ascii=False, indent=1) + "\n")
