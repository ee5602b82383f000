"""Ending a process with all it started. Flow runs live in sessions of their own, so a group kill misses them.

Belongs here: finding and ending processes of one office. Does not: which ones there should be (flows.service.up).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

# Names the home in the environment of everything that `jibao up` starts, directly or not.
MARK = "JIBAO_UP"


def end_tree(process: subprocess.Popen[bytes], grace_seconds: float) -> None:
    """SIGTERM to ``process``, and SIGKILL to it and its descendants that are still there after the grace."""
    family = descendants(process.pid)
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    _signal(family | descendants(process.pid), signal.SIGKILL)
    if process.poll() is None:
        process.kill()
    process.wait()


def end_left_over(home: Path, grace_seconds: float) -> int:
    """Ends whatever an earlier ``jibao up`` of ``home`` left running when it was killed; how many there were."""
    found = left_over(home)
    _signal(found, signal.SIGTERM)
    give_up = time.monotonic() + grace_seconds
    while time.monotonic() < give_up and any(_started(pid) == started for pid, started in found.items()):
        time.sleep(0.2)
    _signal(found | left_over(home), signal.SIGKILL)
    return len(found)


def left_over(home: Path) -> dict[int, str]:
    """Processes that some ``jibao up`` of ``home`` started, with their start times; never the caller itself."""
    wanted = f"{MARK}={home}".encode()
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        with contextlib.suppress(OSError):
            if pid != os.getpid() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found[pid] = _started(pid)
    return {pid: started for pid, started in found.items() if started}


def _signal(processes: Mapping[int, str], number: signal.Signals) -> None:
    for pid, started in processes.items():
        # The start time tells a process from a later one with the same number.
        if _started(pid) == started:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def descendants(pid: int) -> dict[int, str]:
    """Every process below ``pid`` with its start time; empty where there is no /proc."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(entry.name))
        if fields:
            children[int(fields[1])].append(int(entry.name))
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        for child in children[waiting.pop()]:
            if child not in found:
                found[child] = _started(child)
                waiting.append(child)
    return found


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; the command name before may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _started(pid: int) -> str:
    fields = _stat(pid)
    # A zombie is gone already; where nobody reaps it, it would be waited for in vain.
    return fields[19] if fields and fields[0] != "Z" else ""
