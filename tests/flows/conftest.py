"""One running ``jibao up`` for all tests that need a server: a home of its own, free ports, stopped at the end.
One office with a site for all tests of pages and documents; each file of tests gets a copy."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_office import Up, free_ports, launch, wait_until_up
from shared_homes import ARE_COPIED, OF_ONE_OFFICE, built_once, copied
from site_office import site_office

from flows.office import Office, open_office


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = launch(tmp_path_factory.mktemp("office") / "home", free_ports(3))
    try:
        wait_until_up(running)
        _running.append(running)
        yield running
    finally:
        _stop(running)


_running: list[Up] = []


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """An office that nobody asks any more takes a tenth of a processor from the tests that follow."""
    if nextitem is None or nextitem.path.name not in OF_ONE_OFFICE:
        while _running:
            _stop(_running.pop())


def _stop(running: Up) -> None:
    running.process.send_signal(signal.SIGTERM)
    try:
        running.process.wait(60)
    finally:
        running.process.kill()


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A copy of the office of site_office.py, for this file alone."""
    own: Path = tmp_path_factory.mktemp("site")
    if not ARE_COPIED:
        return site_office(own)
    home = built_once(tmp_path_factory, "site-office", site_office)
    return open_office(copied(home, own), trigger="test")
