"""One PostgreSQL for all tests of the scale profile; a lake of its own for each test that asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import cloned_lake, lake_at, running

from warehouse.lake.address import LakeAddress


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Conninfo; without fsync, because it is never killed here."""
    with running("fsync=off", "max_connections=80") as conninfo:
        yield conninfo


@pytest.fixture(scope="session")
def lake_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lakes")


@pytest.fixture
def lake(postgres: str, tmp_path: Path, lake_data: Path) -> LakeAddress:
    return cloned_lake(postgres, str(tmp_path), lake_data)


@pytest.fixture
def bare_lake(postgres: str, tmp_path: Path) -> LakeAddress:
    """An address where no lake was made yet."""
    return lake_at(postgres, str(tmp_path), tmp_path / "lake")


def setting(lake: LakeAddress) -> str:
    """The lake as JIBAO_WAREHOUSE names it."""
    return f"ducklake:postgres:{lake.conninfo} schema={lake.schema} data_path={lake.data_path}"
