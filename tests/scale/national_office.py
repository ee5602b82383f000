"""An office of the nation, its quarter open, on a lake or on a single file; and what its mart says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nation

from config.register import load_config
from flows import clock
from flows.home import Home
from flows.office import Office
from warehouse import attainment, register
from warehouse.lake.address import LakeAddress
from warehouse.store import Reader, Store

# What leadership and analysts read; run ids and the time of recording may differ between two ways of working.
COMPARED = {
    "submission": "submission_id, unit, period, received_at, file_name, sha256, status, timely, revision_count, finding_count, reason",
    "finding": "submission_id, unit, period, severity, rule, sheet, cell, indicator, value, message, items",
    "observation": "unit, indicator, period, value, numerator, denominator, status, revision, submission_id, cell, accepted_at",
    "observation_history": "unit, indicator, period, value, status, revision, submission_id, valid_from, valid_to, reason",
    "attainment": "* EXCLUDE (input_hash)",
    "reporting_rate": "*",
    "mail": "mail_id, kind, recipient, unit, period, subject, state, message_id",
}


def office(root: Path, lake: LakeAddress | None = None) -> Office:
    return Office(Home(root / "home"), root / "config", load_config([root / "config"]), "test", lake)


def open_quarter(where: Office, units: int, indicators: int) -> None:
    """The cycle is open and last quarter's figures are known; no workbooks are written."""
    where.home.create()
    opened, earlier = clock.parse_instant(nation.OPENED), clock.parse_instant(nation.EARLIER)
    columns = ("unit", "item", "period", "revision", "value", "status", "submission_id", "recorded_at", "received_at",
               "reason", "had_error_first")  # fmt: skip
    calendar, deadline = where.config.calendar, where.config.settings.deadline
    with where.store() as store, store.transaction():
        register.record_register(store, where.config, opened)
        for period in (nation.PREVIOUS, nation.PERIOD):
            due = calendar.due_at(period, deadline)
            register.open_cycle(
                store, where.config, period, opened, due, calendar.grace_until(period, deadline)
            )
        store.append("observation", columns, [
            (nation.code(u), f"I-{i:02d}", nation.PREVIOUS, 1, nation.figure(u, i, 0), "reported", "prior", earlier, earlier,
             "首报", False)
            for u in range(units) for i in range(indicators)
        ])  # fmt: skip


def assess(where: Office) -> int:
    with where.store() as store, store.transaction():
        return attainment.compute(store, nation.PERIOD, clock.parse_instant("2020-07-20T09:00"))


def digest(source: Store | Reader) -> dict[str, tuple[Any, ...]]:
    """(rows, xor and sum of their hashes) of every compared view: equal for equal rows in any order."""
    found = {}
    for view, columns in COMPARED.items():
        row = source.con.execute(
            f"SELECT count(*), bit_xor(hash(r)), sum(hash(r)::HUGEINT) FROM (SELECT {columns} FROM mart.{view}) r"
        ).fetchone()
        assert row is not None
        found[view] = row
    return found


def command(where: Path, lake_setting: str, *words: str) -> subprocess.Popen[bytes]:
    """One ``jibao`` process of this office."""
    env = os.environ | {
        "JIBAO_WAREHOUSE": lake_setting,
        "JIBAO_HOME": str(where / "home"),
        "JIBAO_CONFIG": str(where / "config"),
    }
    jibao = Path(sys.executable).with_name("jibao")
    return subprocess.Popen(
        [jibao, *words], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[bytes], allowed: Sequence[int] = (0, 1)) -> str:
    out, err = process.communicate(timeout=600)
    assert process.returncode in allowed, err.decode(errors="replace")
    return out.decode()
