"""The kit's workloads through ``jibao cycle`` beside the kit's lower bound, in alternation, with a correctness gate.

Needs the benchmark kit (``JIBAO_BENCH_KIT``, default ``../shared/bench``); without it there is nothing to compare with.
"""

from __future__ import annotations

import csv
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from tests.bench.workload import PERIOD, PREVIOUS, convert

ROOT = Path(__file__).parents[2]
KIT = Path(os.environ.get("JIBAO_BENCH_KIT", ROOT.parent / "shared" / "bench"))
WORK = ROOT / "var" / "bench"
# The kit's rules by the rule of ours that tells the same fault. R05: the 口径 cell is locked, not checked.
RULES = {
    "R01": {"unknown_item"}, "R02": {"duplicate_item"}, "R03": {"not_owned"}, "R04": {"unit_label_differs"},
    "R06": {"value_missing"}, "R08": {"above_limit", "below_limit", "percent_range"},
    "R09": {"parts_missing", "numerator_unreadable", "denominator_unreadable", "denominator_zero"},
    "R10": {"ratio_differs"}, "R11": {"ytd_falls"}, "R13": {"row_absent"},
}  # fmt: skip


def run(sizes: Sequence[int] = (60, 600), runs: int = 3) -> dict[str, Any]:
    """Median CPU and wall seconds of ours and of the lower bound, their ratio, and what differed from the truth."""
    if not KIT.is_dir():
        return {"skipped": f"no benchmark kit at {KIT}"}
    return {str(n): _size(n, runs) for n in sizes}


def _size(units: int, runs: int) -> dict[str, Any]:
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
    lower, mine = [], []
    for _ in range(runs):
        out = WORK / "out" / str(units)
        lower.append(_timed([sys.executable, KIT / "peers" / "lower" / "lower.py", kit / "in", out]))
        home = WORK / "home" / f"{units}-run"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(base, home)
        mine.append(_timed(_cycle(home, ours, ["--inbox", ours / "inbox", "--send"])))
    low, own = (sorted(x, key=lambda t: t[1])[runs // 2] for x in (lower, mine))
    return {
        "files": sum(1 for _ in (ours / "inbox").iterdir()),
        "lower_wall_s": low[0], "lower_cpu_s": low[1], "wall_s": own[0], "cpu_s": own[1],
        "cpu_ratio": round(own[1] / low[1], 2), "differences": differences(home, kit),
    }  # fmt: skip


def _cycle(home: Path, ours: Path, more: Sequence[Any]) -> list[Any]:
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
        "2020-07-10",
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


def _timed(words: Sequence[Any]) -> tuple[float, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{words[0]} ended with {done.returncode}: {done.stderr[-500:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return round(time.monotonic() - began, 2), round(cpu, 2)


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
