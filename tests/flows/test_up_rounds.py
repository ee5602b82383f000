"""Two coordinators rerun the same quarter while a collection is due: one after the other, one result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running_office import Up
from test_up_api import drop

from warehouse.store import Reader

pytestmark = [pytest.mark.server, pytest.mark.stress]

RERUN, COLLECT = "季度重跑/手工重跑", "采集/投递目录"
QUARTER = "2019-Q3"
UNITS = (
    "441402", "441403", "441422", "441423", "441424", "441426", "441427", "441481", "AJJ", "CRJ", "GSJ", "GTJ", "HG",
    "LYJ", "SYJJ", "YJJ", "RMYH", "SFJ", "GAJ", "RSJ",
)  # fmt: skip


def figures(home: Path) -> str:
    """Everything a reader of the mart sees of the quarter, except when it was computed."""
    tables = ("submission", "finding", "observation", "attainment", "reporting_rate")
    with Reader(home / "warehouse.snapshot.duckdb") as reader:
        seen: dict[str, Any] = {}
        for table in tables:
            result = reader.con.execute(f"SELECT * FROM mart.{table} WHERE period = ?", [QUARTER])
            names = [c[0] for c in result.description or ()]
            keep = [n for n in names if n not in ("as_of", "received_at", "accepted_at")]
            seen[table] = sorted(
                json.dumps([row[names.index(n)] for n in keep], default=str) for row in result.fetchall()
            )
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def overlaps(home: Path) -> list[Any]:
    """Pairs of ledger runs that wrote at the same time; the parts of one rerun follow each other."""
    with Reader(home / "warehouse.snapshot.duckdb") as reader:
        return reader.con.execute(
            "SELECT a.flow, b.flow, a.started_at, b.started_at FROM mart.run a JOIN mart.run b "
            "ON a.run_id <> b.run_id AND a.started_at < b.started_at AND b.started_at < a.ended_at"
        ).fetchall()


def answers(home: Path, unit: str) -> int:
    with Reader(home / "warehouse.snapshot.duckdb") as reader:
        [(count,)] = reader.con.execute(
            "SELECT count(*) FROM mart.mail WHERE unit = ? AND period = ? AND kind IN ('receipt', 'return')",
            [unit, QUARTER],
        ).fetchall()
    return int(count)


def test_two_reruns_and_a_collection_at_once(up: Up, rounds: Callable[[int, int], int]) -> None:
    up.ended(up.start("开启报送/季初开启", period=QUARTER, as_of="2019-10-08"))
    asked = {"period": QUARTER, "as_of": "2019-10-10", "dry_run": False}
    for number in range(rounds(1, 20)):
        unit = UNITS[number]
        before = answers(up.home, unit)
        drop(up, unit)
        runs = [
            up.start(RERUN, **asked, actor="李统筹", reason=f"第{number}轮甲"),
            up.start(RERUN, **asked, actor="王统筹", reason=f"第{number}轮乙"),
            up.start(COLLECT),
        ]
        ended = [up.ended(run, 300) for run in runs]
        assert {r["state_type"] for r in ended} == {"COMPLETED"}, [r["state"] for r in ended]
        told = [r["state"]["message"] for r in ended]
        # The first one found nobody at work; whoever came while another worked is told whom it waited for.
        assert any("办完" in message for message in told), told
        assert overlaps(up.home) == []
        assert answers(up.home, unit) == before + 1
        found = figures(up.home)
        again = up.ended(up.start(RERUN, **asked, actor="李统筹", reason="核对"), 300)
        assert again["state_type"] == "COMPLETED" and figures(up.home) == found
