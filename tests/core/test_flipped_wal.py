"""One flipped bit in the write-ahead log of a killed writer: never a warehouse that opens with fewer commits."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows import troubles
from warehouse import facts
from warehouse.journal import Journal
from warehouse.store import Store, StoreError

COMMITS = 5


def store(folder: Path) -> Store:
    journal = Journal(folder / "audit", lambda: datetime.now(UTC))
    return Store(folder / "w.duckdb", snapshot=folder / "s.duckdb", journal=journal)


@pytest.mark.stress
def test_every_flip_is_found_or_harmless(tmp_path: Path, rounds: Callable[[int, int], int]) -> None:
    """DuckDB takes some flips (of an entry's length) for a torn end and drops what follows: the journal knows."""
    killed = tmp_path / "killed"
    killed.mkdir()
    with store(killed):
        pass
    child = os.fork()
    if child == 0:
        opened = store(killed).__enter__()
        for n in range(COMMITS):
            with opened.transaction():
                facts.start_run(opened, f"r{n}", "collect", None, "{}", "test", datetime.now(UTC), "c", "v")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    log = (killed / "w.duckdb.wal").read_bytes()
    chance, found = random.Random(20191018), 0
    places = chance.sample(range(len(log)), min(len(log), rounds(15, len(log))))
    for place in places:
        home = tmp_path / "home"
        shutil.copytree(killed, home)
        flipped = bytearray(log)
        flipped[place] ^= 1 << chance.randrange(8)
        (home / "w.duckdb.wal").write_bytes(flipped)
        try:
            with store(home) as opened:
                kept = opened.con.execute("SELECT count(*) FROM run").fetchone()
            assert kept == (COMMITS,), f"byte {place}: commits lost without a word"
        except StoreError as error:
            assert "jibao rebuild" in (troubles.line_for(error) or str(error)), str(error)
            found += 1
        shutil.rmtree(home)
    assert found >= len(places) * 0.8
    with store(killed) as opened:
        assert opened.con.execute("SELECT count(*) FROM run").fetchone() == (COMMITS,)
