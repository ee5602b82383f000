"""Slices and committer under random SIGKILL, the same slice sent twice at once. Run as a program, it prints what it did.

    python assault.py ROOT SETTING WORKERS ROUNDS SEED

ROOT holds an office of the nation whose quarter is open. In every round each unit drops a new version; workers and one
committer are forked from this process (which has imported everything once) and killed at random until some number
of them died; then they may finish. The caller checks the books.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import nation
import national_office

from flows import clock
from warehouse.lake.address import parse_warehouse

INDICATORS, PARTS = 4, 2


def drop(inbox: Path, units: int, version: int) -> None:
    then = time.time() - 60
    for u in range(units):
        path = (
            inbox
            / nation.code(u)
            / f"{nation.code(u)}_{nation.PERIOD}_{version}.{'csv' if u % 5 == 4 else 'xlsx'}"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(nation.upload(u, INDICATORS, version))
        os.utime(path, (then, then))


def start(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main(root: Path, setting: str, workers: int, rounds: int, seed: int) -> None:
    # Imported here, before forking: a worker that starts costs nothing then.
    import great_expectations  # noqa: F401

    from checks import suites  # noqa: F401
    from flows.scale.committing import commit_staged
    from flows.scale.slices import Slice, judge_slice

    chance = random.Random(seed)
    lake = parse_warehouse(setting, root / "lake")
    where = national_office.office(root, lake)
    units = len(where.config.units)
    counts = {"rounds": 0, "killed": 0, "started": 0, "failed": 0}

    def at(version: int) -> object:
        return clock.parse_instant(nation.AS_OF).replace(minute=version % 60, hour=10 + version // 60)

    for version in range(rounds):
        drop(where.home.inbox, units, version)
        to_kill = 2 + workers // 2
        living: dict[int, Callable[[], None]] = {}

        def judge(part: int, version: int = version) -> Callable[[], None]:
            def until_loaded() -> None:
                while any(where.home.inbox.glob("*/*.*")):
                    judge_slice(where, Slice(part, PARTS), at(version), nation.PERIOD)
                    time.sleep(0.3)

            return until_loaded

        def load(version: int = version) -> None:
            give_up = time.monotonic() + 240
            while any(where.home.inbox.glob("*/*.*")) and time.monotonic() < give_up:
                commit_staged(where, at(version), at_least=1)
                time.sleep(0.05)

        # Worker i takes slice i mod PARTS: with more than PARTS of them every slice runs twice at once.
        wanted = [judge(1 + i % PARTS) for i in range(workers)] + [load]
        for work in wanted:
            living[start(work)] = work
            counts["started"] += 1
        next_kill = time.monotonic() + chance.uniform(0.05, 1.5)
        while living:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid:
                work = living.pop(pid)
                died = os.WIFSIGNALED(status)
                counts["failed"] += not died and os.WEXITSTATUS(status) != 0
                if died:
                    living[start(work)] = work
                    counts["started"] += 1
                continue
            if to_kill and time.monotonic() > next_kill:
                os.kill(chance.choice(sorted(living)), signal.SIGKILL)
                counts["killed"] += 1
                to_kill -= 1
                next_kill = time.monotonic() + chance.uniform(0.05, 1.5)
            time.sleep(0.02)
        counts["rounds"] += 1
    print(json.dumps(counts))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6]))
