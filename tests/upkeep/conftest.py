"""The played office, built once for all workers; each test gets a copy of its home."""

from __future__ import annotations

from pathlib import Path

import pytest
from played_office import play
from shared_homes import built_once, copied

from flows.office import Office, open_office


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_once(tmp_path_factory, "played-office", play)


@pytest.fixture
def office(played: Path, tmp_path: Path) -> Office:
    return open_office(copied(played, tmp_path / "home"), trigger="test")
