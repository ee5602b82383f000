"""The kit's workloads as offices of ours, ready for ``jibao cycle``, and what was told otherwise than the truth.

Belongs here: making them and judging them. Does not: measuring (ratios, orchestration).
Needs the benchmark kit (``JIBAO_BENCH_KIT``, default ``../shared/bench``); without it there is nothing to compare with.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from tests.bench.workload import PERIOD, PREVIOUS, convert

ROOT = Path(__file__).parents[2]
KIT = Path(os.environ.get("JIBAO_BENCH_KIT", ROOT.parent / "shared" / "bench"))
WORK = ROOT / "var" / "bench"
AS_OF = "2020-07-10"
# The kit's rules by the rule of ours that tells the same fault. R05: the 口径 cell is locked, not checked.
RULES = {
    "R01": {"unknown_item"}, "R02": {"duplicate_item"}, "R03": {"not_owned"}, "R04": {"unit_label_differs"},
    "R06": {"value_missing"}, "R08": {"above_limit", "below_limit", "percent_range"},
    "R09": {"parts_missing", "numerator_unreadable", "denominator_unreadable", "denominator_zero"},
    "R10": {"ratio_differs"}, "R11": {"ytd_falls"}, "R13": {"row_absent"},
}  # fmt: skip


def prepared(units: int) -> tuple[Path, Path]:
    """The kit's workload of this size as an office of ours, made once: its folder, and a home in mid-quarter."""
    kit = WORK / "kit" / str(units)
    if not (kit / "in").is_dir():
        subprocess.run(
            [sys.executable, KIT / "gen.py", "--units", str(units), "--out", kit],
            check=True,
            capture_output=True,
        )
    ours = WORK / "ours" / str(units)
    if not ours.is_dir():
        convert(kit / "in", ours)
    base = WORK / "home" / f"{units}-opened"
    if not base.is_dir():
        _open(base, ours)
    return ours, base


def cycle_words(home: Path, ours: Path, more: Sequence[Any]) -> list[Any]:
    """The command line of one whole quarter."""
    jibao = Path(sys.executable).with_name("jibao")
    return [
        jibao,
        "cycle",
        "--home",
        home,
        "--config",
        ours / "config",
        "--period",
        PERIOD,
        "--as-of",
        AS_OF,
        *more,
    ]


def _open(home: Path, ours: Path) -> None:
    """An office in the middle of the quarter: cycle open, workbooks out, last quarter's figures known."""
    jibao = Path(sys.executable).with_name("jibao")
    for period, day in ((PREVIOUS, "2020-04-01"), (PERIOD, "2020-07-01")):
        words = ["open", "--home", home, "--config", ours / "config", "--period", period, "--as-of", day]
        subprocess.run([jibao, *words], check=True, capture_output=True)
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute(
            "INSERT INTO observation SELECT unit, item, ?, 1, value, NULL, NULL, NULL, 'reported', NULL, NULL, "
            "'prior', NULL, NULL, TIMESTAMPTZ '2020-04-10 09:00:00+08', TIMESTAMPTZ '2020-04-10 09:00:00+08', '首报', false "
            "FROM read_csv(?, types = {'unit': 'VARCHAR', 'item': 'VARCHAR', 'value': 'DOUBLE'})",
            [PREVIOUS, str(ours / "prior.csv")],
        )
    # What was put in behind the journal's back becomes part of it now, not in what is measured.
    empty = home / "nothing"
    empty.mkdir()
    words = [
        "collect",
        "--home",
        home,
        "--config",
        ours / "config",
        "--inbox",
        empty,
        "--as-of",
        "2020-07-01",
    ]
    subprocess.run([jibao, *words], check=True, capture_output=True)


def differences(home: Path, kit: Path) -> list[str]:
    """What of the kit's truth we told otherwise: faults not found, good figures not accepted, wrong values."""
    with duckdb.connect(str(home / "warehouse.snapshot.duckdb"), read_only=True) as con:
        found = {
            (unit, item, rule)
            for unit, items, rule in con.execute("SELECT unit, items, rule FROM main.finding").fetchall()
            for item in items
        }
        accepted = {
            (u, i): v
            for u, i, v in con.execute(
                "SELECT unit, indicator, value FROM mart.observation WHERE period = ? AND status = 'reported'",
                [PERIOD],
            ).fetchall()
        }
    wrong = []
    for r in _truth(kit, "rejected"):
        wanted = RULES.get(r["rule"])
        if wanted and not any((r["unit_id"], r["code"], rule) in found for rule in wanted):
            wrong.append(f"not found: {r['unit_id']} {r['code']} {r['rule']}")
    for r in _truth(kit, "accepted"):
        value = accepted.get((r["unit_id"], r["code"]))
        if value is None or abs(value - float(r["value"])) > 1e-9:
            wrong.append(f"not accepted: {r['unit_id']} {r['code']} {r['value']} ({value})")
    return wrong[:20] + ([f"… {len(wrong)} in all"] if len(wrong) > 20 else [])


def _truth(kit: Path, name: str) -> list[dict[str, str]]:
    with (kit / "truth" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
