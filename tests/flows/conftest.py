"""One running ``jibao up`` for all tests that need a server: a home of its own, free ports, stopped at the end."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from running_office import Up, free_ports, launch, wait_until_up


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = launch(tmp_path_factory.mktemp("office") / "home", free_ports(3))
    try:
        wait_until_up(running)
        yield running
    finally:
        running.process.send_signal(signal.SIGTERM)
        try:
            running.process.wait(60)
        finally:
            running.process.kill()
