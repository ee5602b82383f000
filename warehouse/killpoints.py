"""Named places where a crash hurts most, so that tests can die exactly there. In ordinary work nothing happens.

Belongs here: the names and the one hook. Does not: killing anybody (the test says what happens at a point), the
environment (flows.office arms what ``JIBAO_KILL_AT`` names).
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable

# Stage by stage, in the order of a cycle.
POINTS = (
    # open
    "workbook-part", "workbook",
    # claim, parse, check, archive
    "landing-part", "claim", "parse", "check", "archive-part", "archive", "durable", "return-part", "return",
    # commit: every transaction passes these, whatever it holds
    "letters-part", "letters", "enqueue", "journal", "commit", "journal-head-part", "journal-head", "committed", "checkpoint",
    "snapshot-part", "snapshot",
    # the drop folder is emptied
    "withdrawn", "removed", "landing-cleared",
    # compute, report
    "compute", "documents", "page-part", "page", "site-data-part", "site-data",
    # send
    "send", "sent", "sink-part", "sink",
)  # fmt: skip

_hook: Callable[[str], None] | None = None


def reached(point: str) -> None:
    """Marks the place; free of cost unless a test listens."""
    if _hook is not None:
        _hook(point)


def listen(hook: Callable[[str], None] | None) -> None:
    """Calls ``hook`` with every point reached from now on; None ends it."""
    global _hook
    _hook = hook


def arm(spec: str) -> None:
    """Ends this process by SIGKILL when ``point`` is reached for the ``n``-th time.

    :param spec: ``point`` or ``point:n``
    :raises ValueError: no such point
    """
    point, _, times = spec.partition(":")
    if point not in POINTS:
        raise ValueError(f"no kill point {point!r}; there are {', '.join(POINTS)}")
    wanted, seen = int(times or 1), Counter[str]()

    def die(reached_point: str) -> None:
        seen[reached_point] += 1
        if reached_point == point and seen[point] == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    listen(die)
