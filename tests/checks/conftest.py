"""Fixtures of the checks' tests; the builders of batches are in batches.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from batches import fill_store

from warehouse.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("checks") / "warehouse.duckdb"
    with Store(path) as opened, opened.transaction():
        fill_store(opened)
        yield opened
