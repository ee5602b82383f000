"""One PostgreSQL for all tests of the scale profile; a lake of its own for each test that asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import lake_at, running

from warehouse.lake.address import LakeAddress


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Conninfo; without fsync, because it is never killed here."""
    with running("fsync=off", "max_connections=80") as conninfo:
        yield conninfo


@pytest.fixture
def lake(postgres: str, tmp_path: Path) -> LakeAddress:
    return lake_at(postgres, str(tmp_path), tmp_path / "lake")


def setting(lake: LakeAddress) -> str:
    """The lake as JIBAO_WAREHOUSE names it."""
    return f"ducklake:postgres:{lake.conninfo} schema={lake.schema} data_path={lake.data_path}"
