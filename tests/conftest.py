"""Shared by all tests: no telemetry, no surprise from the caller's environment."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shared_homes import OF_ONE_OFFICE
from xdist.scheduler import LoadScopeScheduling

gc.set_threshold(50_000)  # as the command line does: thousands of records, hardly a cycle
os.environ["DO_NOT_TRACK"] = "1"
os.environ["GX_ANALYTICS_ENABLED"] = "false"
for name in ("JIBAO_HOME", "JIBAO_CONFIG", "JIBAO_SMTP_PASSWORD"):
    os.environ.pop(name, None)


class _OneOffice(LoadScopeScheduling):  # type: ignore[misc]
    """Side by side: a file is never split, and the files that share the running office stay on one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "office" if file.rpartition("/")[2] in OF_ONE_OFFICE else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _OneOffice:
    return _OneOffice(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the running office serves takes longest, so it starts first; then what starts an office of its own."""
    items.sort(
        key=lambda item: (item.path.name not in OF_ONE_OFFICE, not item.path.name.startswith("test_up_"))
    )


@pytest.fixture(scope="session")
def rounds() -> Callable[[int, int], int]:
    """How often a trial of chance repeats: ``rounds(every, full)``, in full under ``make stress`` only."""
    return lambda every, full: full if os.environ.get("JIBAO_STRESS") else every


@pytest.fixture(scope="session", autouse=os.environ.get("JIBAO_TEST_STORE") == "ducklake")
def every_store_is_a_lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """With ``JIBAO_TEST_STORE=ducklake`` whatever a test opens as a file is a lake of its own on PostgreSQL."""
    from postgres_server import cloned_lake, running

    from warehouse.store import Reader, Store

    store, reader = Store.__init__, Reader.__init__
    made: dict[str, Any] = {}
    data = tmp_path_factory.mktemp("lakes")
    with running("fsync=off", "max_connections=60") as conninfo, pytest.MonkeyPatch.context() as patch:

        def lake(path: Path) -> Any:
            plain = str(path).replace(".snapshot.duckdb", ".duckdb")
            if plain not in made:
                made[plain] = cloned_lake(conninfo, plain, data)
            return made[plain]

        def open_store(self: Store, path: Path, **options: Any) -> None:
            given = options.get("lake") or (None if path.name == "none" else lake(path))
            store(self, path, **options | {"lake": given})

        def open_reader(self: Reader, snapshot: Path, **options: Any) -> None:
            reader(self, snapshot, **options | {"lake": options.get("lake") or lake(snapshot)})

        patch.setattr(Store, "__init__", open_store)
        patch.setattr(Reader, "__init__", open_reader)
        yield
