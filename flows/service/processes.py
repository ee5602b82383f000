"""Ending a process with all it started. Flow runs live in sessions of their own, so a group kill misses them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections import defaultdict
from pathlib import Path


def end_tree(process: subprocess.Popen[bytes], grace_seconds: float) -> None:
    """SIGTERM to ``process``, and SIGKILL to it and its descendants that are still there after the grace."""
    family = descendants(process.pid)
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    family |= descendants(process.pid)
    for pid, started in family.items():
        # The start time tells a process from a later one with the same number.
        if _started(pid) == started:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
    if process.poll() is None:
        process.kill()
    process.wait()


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
    return fields[19] if fields else ""
