"""HOME/logs/jibao.jsonl: what was run and how it ended, one JSON object a line, for machines that watch.

Belongs here: the file, its rotation, masking of secrets. Does not: facts (mart.run, audit), the services' own output.
"""

from __future__ import annotations

import contextlib
import json
import os
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from filelock import FileLock

from flows import clock
from flows.secrecy import known_secrets, redact

FILE = "jibao.jsonl"
MOST_BYTES = 10_000_000
GENERATIONS = 20  # two hundred MB at most; retention removes them by age before


def write(logs: Path, event: str, *, level: str = "info", **fields: Any) -> bool:
    """Adds one line: time, level, event, pid and ``fields``. A log that cannot be written stops nobody.

    :param event: run_ended, command_failed, maintained, rebuilt, ...
    :returns: whether the line stands in the log
    """
    line = {"time": clock.now().isoformat(timespec="milliseconds"), "level": level, "event": event}
    line |= {"pid": os.getpid()} | fields
    text = json.dumps(redacted(line, known_secrets()), ensure_ascii=False)
    with contextlib.suppress(OSError):
        logs.mkdir(parents=True, exist_ok=True)
        path = logs / FILE
        with FileLock(f"{path}.lock", timeout=5):
            if path.exists() and path.stat().st_size > MOST_BYTES:
                _rotate(path)
            with path.open("a", encoding="utf-8") as file:
                file.write(text + "\n")
        return True
    return False


def redacted(value: Any, secrets: Iterable[str]) -> Any:
    """Plain JSON values with every secret masked; before they are quoted, for quoting would hide one."""
    if isinstance(value, dict):
        return {k: redacted(v, secrets) for k, v in value.items()}
    if value is None or isinstance(value, (int, float, bool)):
        return value
    return redact(str(value), secrets)


def failure(logs: Path, event: str, error: BaseException, **fields: Any) -> bool:
    """The same for something that failed, with its trace; secrets masked."""
    trace = "".join(traceback.format_exception(error))
    return write(logs, event, level="error", error=f"{type(error).__name__}: {error}", trace=trace, **fields)


def _rotate(path: Path) -> None:
    for n in range(GENERATIONS - 1, 0, -1):
        older = path.with_name(f"{path.name}.{n}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{n + 1}"))
    path.replace(path.with_name(f"{path.name}.1"))
