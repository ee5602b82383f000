"""A process that has imported everything and forks a child for each command, so that a run costs no start-up.

Reads one JSON object a line: ``{"id", "args", "env", "out", "points", "arm", "uid"}`` starts ``jibao args``;
``{"wait": id, "kill_after": seconds}`` answers with the wait status. Imported by nobody; see trials.Forge.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any


def warm() -> None:
    """What a cycle imports on its way."""
    import great_expectations  # noqa: F401
    import typst  # noqa: F401

    import flows.cli
    import flows.mailing.sink
    import flows.mailing.transport
    import flows.rendering
    import flows.steps  # noqa: F401
    import templates.document  # noqa: F401
    import templates.figures  # noqa: F401
    from checks import suites  # noqa: F401


def child(job: dict[str, Any]) -> None:
    out = os.open(job["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.environ.update(job["env"])
    from warehouse import killpoints

    if job.get("points"):
        seen: Counter[str] = Counter()

        def count(point: str) -> None:
            seen[point] += 1
            Path(job["points"]).write_text(json.dumps(seen))

        killpoints.listen(count)
    if job.get("uid"):
        os.setgroups([])
        os.setgid(job["uid"])
        os.setuid(job["uid"])
    if job.get("arm"):
        shim = ctypes.CDLL(None)
        shim.fault_arm(*(a.encode() if isinstance(a, str) else a for a in job["arm"]))
    sys.argv = ["jibao", *job["args"]]
    code = 70
    try:
        from flows.cli import main

        main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    if job.get("arm"):
        ctypes.CDLL(None).fault_report(os.fsencode(job["out"] + ".faults"))
    sys.stdout.flush()
    os._exit(code)


def main() -> None:
    warm()
    started: dict[int, int] = {}
    print("ready", flush=True)  # noqa: T201
    for line in sys.stdin:
        job = json.loads(line)
        if "wait" in job:
            pid = started.pop(job["wait"])
            if job.get("kill_after") is not None:
                time.sleep(job["kill_after"])
                os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            answer = {"id": job["wait"], "status": os.waitstatus_to_exitcode(status)}
            print(json.dumps(answer), flush=True)  # noqa: T201
            continue
        pid = os.fork()
        if pid == 0:
            child(job)
        started[job["id"]] = pid


if __name__ == "__main__":
    main()
