"""A nation's quarter: N submissions judged by 1 and by 2 workers, loaded by one committer into DuckLake on PostgreSQL.

The same uploads through one machine's collection are the truth: the mart must be equal. ``JIBAO_LAKE_UNITS`` (default
30000) and ``JIBAO_LAKE_WORKERS`` (default "2 1") say how many. Needs PostgreSQL (.ci/postgres).

python -m tests.bench.run lake
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "scale")]

import national_office  # noqa: E402
from nation import AS_OF, CITY_UNITS, PERIOD, code, write_config, write_inbox  # noqa: E402
from postgres_server import running  # noqa: E402

from flows import clock, steps  # noqa: E402
from warehouse.lake.address import parse_warehouse  # noqa: E402

WORK = Path(os.environ.get("JIBAO_LAKE_WORK", ROOT / "var" / "bench" / "lake"))
INDICATORS, UNITS_A_SLICE = 12, 1000


def run() -> dict[str, Any]:
    """Wall, CPU and peak memory by number of workers, the same for one machine, and whether the marts are equal."""
    units = int(os.environ.get("JIBAO_LAKE_UNITS", 30_000))
    counts = [int(n) for n in os.environ.get("JIBAO_LAKE_WORKERS", "2 1").split()]
    uploads = WORK / str(units)
    if not (uploads / "home" / "inbox").is_dir():
        write_config(uploads / "config", units, INDICATORS)
        write_inbox(uploads / "home" / "inbox", units, INDICATORS)
    figures: dict[str, Any] = {
        "submissions": units,
        "indicators": INDICATORS,
        "cities": -(-units // CITY_UNITS),
    }
    digests = {}
    with running("max_connections=60") as conninfo:  # with fsync, as in earnest
        for workers in counts:
            root = _fresh(uploads, f"lake-{workers}")
            setting = (
                f"ducklake:postgres:{conninfo} schema=w{workers}_{int(time.time())} data_path={root / 'lake'}"
            )
            figures[f"workers_{workers}"] = _on_lake(root, setting, units, workers)
            print(json.dumps(figures, ensure_ascii=False), flush=True)  # noqa: T201
            office = national_office.office(root, parse_warehouse(setting, root / "lake"))
            figures[f"workers_{workers}"] |= _assessed(office)
            with office.reader() as reader:
                digests[workers] = national_office.digest(reader)
    if not os.environ.get("JIBAO_LAKE_ONLY"):
        root = _fresh(uploads, "alone")
        figures["one_machine"] = _timed([sys.executable, "-m", "tests.bench.lake", "alone", root, str(units)])
        alone = national_office.office(root)
        figures["one_machine"] |= _assessed(alone)
        with alone.reader() as reader:
            truth = national_office.digest(reader)
        figures["rows"] = {view: row[0] for view, row in truth.items()}
        figures["equal"] = {
            n: [view for view in truth if d[view] != truth[view]] or "every view" for n, d in digests.items()
        }
    if {1, 2} <= set(counts):
        one, two = figures["workers_1"], figures["workers_2"]
        figures["speed_up_2_over_1"] = round(one["wall_s"] / two["wall_s"], 2)
    return figures


def _fresh(uploads: Path, name: str) -> Path:
    """A copy of the uploads: every run empties its own drop folder, and the guard refuses hard links."""
    root = WORK / name
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["cp", "-a", uploads, root], check=True)
    return root


def _on_lake(root: Path, setting: str, units: int, workers: int) -> dict[str, Any]:
    office = national_office.office(root, parse_warehouse(setting, root / "lake"))
    national_office.open_quarter(office, units, INDICATORS)
    parts = max(workers, -(-units // UNITS_A_SLICE))
    env = os.environ | {"JIBAO_WAREHOUSE": setting, "PYTHONPATH": str(ROOT)}
    module = [sys.executable, "-m", "tests.bench.lake"]
    began = time.monotonic()
    judging = [
        _Watched([*module, "judge", root, f"{parts}", f"{n}", f"{workers}"], env) for n in range(workers)
    ]
    loading = _Watched([*module, "load", root, str(units)], env)
    try:
        for worker in judging:
            worker.wait()
        judged = time.monotonic() - began
        loading.wait()
    finally:
        for child in (*judging, loading):
            child.process.kill()
    wall = time.monotonic() - began
    return {
        "slices": parts, "wall_s": round(wall, 1), "judged_after_s": round(judged, 1),
        "workers_cpu_s": [w.cpu_s for w in judging], "workers_peak_mb": [w.peak_mb for w in judging],
        "committer_cpu_s": loading.cpu_s, "committer_peak_mb": loading.peak_mb, "committed": loading.said,
        "left_in_drop_folder": sum(1 for _ in office.home.inbox.glob("*/*.*")),
    }  # fmt: skip


def _assessed(office: Any) -> dict[str, Any]:
    began, cpu = time.monotonic(), time.process_time()
    rows = national_office.assess(office)
    return {
        "assessed_rows": rows, "assess_wall_s": round(time.monotonic() - began, 1),
        "assess_cpu_s": round(time.process_time() - cpu, 1),
    }  # fmt: skip


class _Watched:
    """A child with its CPU seconds and peak memory, its own children's included."""

    def __init__(self, words: list[Any], env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            list(map(str, words)),
            env=env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.cpu_s, self.peak_mb, self.said = 0.0, 0, ""
        self._reader = threading.Thread(target=self._finish)
        self._reader.start()

    def _finish(self) -> None:
        out, err = self.process.communicate()
        if self.process.returncode:
            self.said = err[-2000:]
            return
        told = json.loads(out.splitlines()[-1])
        self.cpu_s, self.peak_mb, self.said = told["cpu_s"], told["peak_mb"], told.get("said", "")

    def wait(self) -> None:
        self._reader.join()
        if self.process.returncode:
            raise RuntimeError(self.said)


def _timed(words: list[Any]) -> dict[str, Any]:
    began = time.monotonic()
    child = _Watched(words, os.environ | {"PYTHONPATH": str(ROOT)})
    child.wait()
    return {"wall_s": round(time.monotonic() - began, 1), "cpu_s": child.cpu_s, "peak_mb": child.peak_mb}


def _judge(root: Path, parts: int, first: int, step: int) -> None:
    """One worker: its share of the slices, one after the other."""
    from flows.scale.slices import Slice, judge_slice

    office = _office(root)
    for part in range(first + 1, parts + 1, step):
        judge_slice(office, Slice(part, parts), clock.parse_instant(AS_OF), PERIOD)


def _load(root: Path, units: int) -> str:
    """The committer: until everything that was dropped is in."""
    from flows.scale.committing import commit_staged

    office, total, commits = _office(root), 0, 0
    while total < units:
        done = commit_staged(office, clock.parse_instant(AS_OF))
        total, commits = total + done.submissions, commits + done.commits
        time.sleep(1.0)
    return f"{total} submissions in {commits} commits"


def _alone(root: Path, units: int) -> None:
    """One machine: its collection, so many units at a time (one batch of them all does not fit into its memory)."""
    office = national_office.office(root)
    national_office.open_quarter(office, units, INDICATORS)
    for first in range(0, units, UNITS_A_SLICE):
        codes = [code(u) for u in range(first, min(first + UNITS_A_SLICE, units))]
        steps.collect(office, clock.parse_instant(AS_OF), period=PERIOD, units=codes, send=False)


def _office(root: Path) -> Any:
    return national_office.office(root, parse_warehouse(os.environ["JIBAO_WAREHOUSE"], root / "lake"))


def _own_peak_mb() -> int:
    """Of this program alone: ru_maxrss begins with what the parent held when it forked."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) // 1024


def _child(what: str, root: Path, *numbers: int) -> None:
    said = {"judge": _judge, "load": _load, "alone": _alone}[what](root, *numbers)
    mine, below = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = mine.ru_utime + mine.ru_stime + below.ru_utime + below.ru_stime
    peak = _own_peak_mb()
    print(json.dumps({"cpu_s": round(cpu, 1), "peak_mb": peak, "said": said}))  # noqa: T201


if __name__ == "__main__":
    _child(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
