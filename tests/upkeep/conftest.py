"""The played office, once a session; each test gets a copy of its home."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from played_office import play

from flows.office import Office, open_office


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("played") / "home"
    play(home)
    return home


@pytest.fixture
def office(played: Path, tmp_path: Path) -> Office:
    shutil.copytree(played, tmp_path / "home")
    return open_office(tmp_path / "home", trigger="test")
