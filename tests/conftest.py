"""Shared by all tests: no telemetry, no surprise from the caller's environment."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

os.environ["DO_NOT_TRACK"] = "1"
os.environ["GX_ANALYTICS_ENABLED"] = "false"
for name in ("JIBAO_HOME", "JIBAO_CONFIG", "JIBAO_SMTP_PASSWORD"):
    os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side: what shares the running office stays on one worker and starts first; a file is never split."""
    served = [item for item in items if item.get_closest_marker("server")]
    others = [item for item in items if not item.get_closest_marker("server")]
    for item in served:
        item.add_marker(pytest.mark.xdist_group("server"))
    for item in others:
        item.add_marker(pytest.mark.xdist_group(item.location[0]))
    items[:] = [*served, *others]


@pytest.fixture(scope="session")
def rounds() -> Callable[[int, int], int]:
    """How often a trial of chance repeats: ``rounds(every, full)``, in full under ``make stress`` only."""
    return lambda every, full: full if os.environ.get("JIBAO_STRESS") else every
