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
from dataclasses import asdict
from pathlib import Path
from typing import Any

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
    for path, sha256, file_name in job["files"]:
        _allow_cpu(job["cpu_seconds"])
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


def _allow_cpu(seconds: float) -> None:
    """A fresh allowance for the next file: the limit counts the whole process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _answer(handle: int, reading: Reading) -> None:
    body: dict[str, Any] = {**reading.__dict__, "problems": [asdict(p) for p in reading.problems]}
    for name in ("unit_name", "unit_code", "period"):
        body[name] = asdict(body[name])
    text = json.dumps(body, ensure_ascii=True).encode()
    view = memoryview(struct.pack("<Q", len(text)) + text)
    while view:
        view = view[os.write(handle, view) :]


if __name__ == "__main__":
    main()
