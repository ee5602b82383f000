"""Reading a batch of landing copies in a process that may die, without losing more than the culprit.

The parent never parses. Answers come file by file, so a death names its suspect; a suspect that was not
the first of its process gets one more try in a fresh one, because its predecessors may have eaten the memory.
"""

from __future__ import annotations

import json
import os
import selectors
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from warehouse.intake.limits import LimitsLike
from warehouse.intake.reading import ROW_COLUMNS, Claim, HeldReason, Landing, LayoutProblem, Reading

_START = "from warehouse.intake.child import main; main()"
_TWO_FROM = 600  # below this a second process costs more than it saves (measured 2026-11)
_MAX_ANSWER = 256 << 20
_NAME = ROW_COLUMNS.index("item_name")


def read_batch(
    landings: Sequence[Landing], unit_labels: Mapping[str, str], limits: LimitsLike
) -> list[Reading]:
    """One Reading a landing, in order. A file that kills its reader is held as CRASHED, others are not harmed.

    :param unit_labels: the register's 计量单位 by item code; figures are converted into it
    """
    if len(landings) < _TWO_FROM:
        return _read_all(landings, unit_labels, limits)
    half = len(landings) // 2
    with ThreadPoolExecutor(2) as pool:
        parts = list(
            pool.map(lambda p: _read_all(p, unit_labels, limits), (landings[:half], landings[half:]))
        )
    return parts[0] + parts[1]


def _read_all(
    landings: Sequence[Landing], unit_labels: Mapping[str, str], limits: LimitsLike
) -> list[Reading]:
    done: list[Reading] = []
    while len(done) < len(landings):
        rest = landings[len(done) :]
        read, why = _run(rest, unit_labels, limits)
        done.extend(read)
        if why and not read:  # it was alone in a fresh process: no doubt who did it
            done.append(Reading(rest[0].sha256, "unknown", HeldReason.CRASHED, why))
    return done


def _run(
    landings: Sequence[Landing], unit_labels: Mapping[str, str], limits: LimitsLike
) -> tuple[list[Reading], str]:
    """Readings until the process ended, and why it ended early ("" when it read everything)."""
    job = {
        "files": [(os.fspath(x.path), x.sha256, x.file_name) for x in landings],
        "unit_labels": dict(unit_labels),
        "memory_mb": int(limits.memory_mb),
        "cpu_seconds": limits.cpu_seconds,
    }
    # -S: no site start-up; the parent's path is handed over, so no working directory can slip modules in.
    process = subprocess.Popen(
        [sys.executable, "-S", "-P", "-c", _START],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "MALLOC_ARENA_MAX": "1"},
        close_fds=True,
    )
    assert process.stdin is not None and process.stdout is not None
    read: list[Reading] = []
    names: dict[str, str] = {}
    try:
        try:
            process.stdin.write(json.dumps(job).encode())
            process.stdin.close()
        except BrokenPipeError:
            return read, "读取进程未能启动"
        stream = _Answers(process.stdout.fileno(), limits.wall_seconds)
        for landing in landings:
            body = stream.next()
            if isinstance(body, str):
                return read, body
            read.append(_reading(body, landing, names))
        return read, ""
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class _Answers:
    """Length-prefixed answers from a pipe, each within the wall limit."""

    def __init__(self, handle: int, wall_seconds: float) -> None:
        self.handle, self.wall, self.buffer = handle, wall_seconds, bytearray()
        self.selector = selectors.DefaultSelector()
        self.selector.register(handle, selectors.EVENT_READ)

    def next(self) -> dict[str, Any] | str:
        """The next answer, or why there is none."""
        failure = self._fill(8)
        if failure:
            return failure
        (length,) = struct.unpack_from("<Q", self.buffer)
        if length > _MAX_ANSWER:
            return "读取结果过大"
        failure = self._fill(8 + length)
        if failure:
            return failure
        body: dict[str, Any] = orjson.loads(self.buffer[8 : 8 + length])
        del self.buffer[: 8 + length]
        return body

    def _fill(self, needed: int) -> str:
        while len(self.buffer) < needed:
            if not self.selector.select(self.wall):
                return "读取超时"
            block = os.read(self.handle, 1 << 18)
            if not block:
                return "读取进程中止"
            self.buffer += block
        return ""


def _reading(body: dict[str, Any], landing: Landing, names: dict[str, str]) -> Reading:
    """:param names: those of the batch so far: every unit writes the same ones, and each is kept once"""
    for row in body["rows"]:
        row[_NAME] = names.setdefault(row[_NAME], row[_NAME])
    return Reading(
        sha256=landing.sha256,
        kind=body["kind"],
        held=HeldReason(body["held"]) if body["held"] else None,
        held_detail=body["held_detail"],
        unit_name=Claim(**body["unit_name"]),
        unit_code=Claim(**body["unit_code"]),
        period=Claim(**body["period"]),
        plan_id=body["plan_id"],
        plan_hash=body["plan_hash"],
        template_version=body["template_version"],
        problems=tuple(LayoutProblem(**p) for p in body["problems"]),
        rows=[tuple(row) for row in body["rows"]],
    )
