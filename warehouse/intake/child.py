"""The reading process: limits first, then one file after another, each answer as soon as it is known.

Started by :mod:`warehouse.intake.batch` as a bare interpreter. In: one JSON job on standard input. Out:
one length-prefixed JSON answer a file, in order. JSON, because a parser taken over by its input must not
be able to hand objects to the parent.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
import time
from pathlib import Path

import orjson

from warehouse.intake.parse import read_one
from warehouse.intake.reading import HeldReason, Reading


def main() -> None:
    """Reads the job, answers every file, ends. Dies where a limit is passed: the parent sees who was read."""
    job = json.loads(sys.stdin.buffer.read())
    answers = os.dup(1)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)  # whatever a library prints must not look like an answer
    memory = job["memory_mb"] << 20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    allowed = 0
    for path, sha256, file_name in job["files"]:
        allowed = _allow_cpu(job["cpu_seconds"], allowed)
        _answer(answers, _read(Path(path), sha256, file_name, job["unit_labels"]))


def _read(path: Path, sha256: str, file_name: str, unit_labels: dict[str, str]) -> Reading:
    try:
        return read_one(path, sha256, file_name, unit_labels)
    except MemoryError:
        return Reading(sha256, "unknown", HeldReason.CRASHED, "内存不足")
    except OSError:
        raise  # our own disk or limits: not the file's fault, the parent decides
    except BaseException as error:  # calamine's panics are no Exception
        return Reading(sha256, "unknown", HeldReason.CRASHED, type(error).__name__)


def _allow_cpu(seconds: float, allowed: int) -> int:
    """A fresh allowance for the next file: the limit counts the whole process, in whole seconds.

    Most files leave it where it was, and asking the system takes as long as reading a small sheet.
    """
    soft = int(time.process_time() + seconds) + 1
    if soft != allowed:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    return soft


def _answer(handle: int, reading: Reading) -> None:
    text = orjson.dumps(reading)
    view = memoryview(struct.pack("<Q", len(text)) + text)
    while view:
        view = view[os.write(handle, view) :]


if __name__ == "__main__":
    main()
