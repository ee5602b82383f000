"""One city's quarter, cold: open beforehand, then collect, assess, report and mail 59 uploads in a new process."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from config.calendar import SHANGHAI
from flows import sample, steps
from flows.office import open_office

PERIOD = "2019-Q3"


def run(runs: int = 3) -> dict[str, object]:
    """Median wall and CPU seconds and the peak resident memory of ``jibao cycle --send``."""
    walls, cpus = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            _prepare(home)
            wall, cpu = _timed(home)
            walls.append(wall)
            cpus.append(cpu)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    middle = runs // 2
    return {
        "uploads": 59,
        "wall_s": round(sorted(walls)[middle], 2),
        "cpu_s": round(sorted(cpus)[middle], 2),
        "peak_mb_of_largest_process": peak,
        "runs": runs,
    }


def _prepare(home: Path) -> None:
    office = open_office(home, trigger="bench")
    steps.open_cycle(office, PERIOD, datetime(2019, 10, 8, 9, tzinfo=SHANGHAI))
    steps.deliver(office, datetime(2019, 10, 8, 9, tzinfo=SHANGHAI))
    specs = steps.opening.workbook_specs(
        office,
        PERIOD,
        office.config.calendar.due_at(PERIOD, office.config.settings.deadline),
        {},
        datetime.now(SHANGHAI),
    )
    then = time.time() - 60
    for unit, spec in specs.items():
        path = home / "inbox" / unit / f"{unit}_{PERIOD}.xlsx"
        path.write_bytes(sample.workbook(spec, sample.figures(office.config, unit, PERIOD)))
        os.utime(path, (then, then))


def _timed(home: Path) -> tuple[float, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    jibao = Path(sys.executable).with_name("jibao")
    subprocess.run(
        [jibao, "cycle", "--home", home, "--period", PERIOD, "--as-of", "2019-10-16", "--send"],
        check=True, capture_output=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
