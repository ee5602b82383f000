"""Where a warehouse lies and how it is opened: one DuckDB file under a lock, or (warehouse.lake) a lake.

Belongs here: the contract of a place and the single file. Does not: what is asked of an open warehouse
(store), the schema (migrating).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import duckdb
from filelock import FileLock, Timeout

from warehouse.durable import sweep, whole
from warehouse.killpoints import reached

# DuckDB's own lock is taken after the header is read in some versions (libraries: 2.0.0 lost rows),
# so every open, transaction and close happens under this sidecar lock.
LOCK_TIMEOUT_S = 300


class StoreError(RuntimeError):
    """The warehouse cannot be opened or does not fit this version; the message says what to do."""


@dataclass
class Signature:
    """Who writes and what one transaction adds; a lake keeps it with the commit."""

    run_id: str = ""
    flow: str = ""
    submissions: list[str] = field(default_factory=list)


class Place(Protocol):
    """One writer at a time between ``open`` and ``close``, whoever else asks."""

    # A statement outside a transaction is a commit of its own, which cannot be signed in a lake.
    needs_transaction: bool
    # A crash between commit and publication leaves readers with yesterday's figures: to be made up for.
    is_unpublished: bool

    def open(self, snapshot: Path | None) -> duckdb.DuckDBPyConnection:
        """Waits for its turn, then connects.

        :raises StoreError: cannot be opened, or the other writer does not end
        """

    def sign(self, con: duckdb.DuckDBPyConnection, signature: Signature) -> None:
        """Just before a commit."""

    def settle(self, con: duckdb.DuckDBPyConnection) -> None:
        """After the last commit: what must happen before others may look."""

    def close(self, con: duckdb.DuckDBPyConnection | None, publish: Path | None) -> None:
        """Disconnects, makes the copy for readers at ``publish``, lets the next one in."""

    def save_copy(self, con: duckdb.DuckDBPyConnection, target: Path) -> None:
        """The whole warehouse as one DuckDB file."""


class FilePlace:
    """``warehouse.duckdb`` with a lock file beside it."""

    needs_transaction = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_unpublished = False
        self._lock = FileLock(str(path) + ".lock", timeout=LOCK_TIMEOUT_S)

    def open(self, snapshot: Path | None) -> duckdb.DuckDBPyConnection:
        try:
            self._lock.acquire()
        except Timeout as error:
            raise StoreError(f"仓库一直被别的进程占用：{self.path}。请稍后再试") from error
        try:
            self.is_unpublished = self._is_newer_than(snapshot)
            self._make()
            con = duckdb.connect(str(self.path))
            configure(con)
        except duckdb.Error as error:
            self._lock.release()
            raise StoreError(
                f"仓库文件打不开：{self.path}（{str(error).splitlines()[0]}）。可用 jibao restore 恢复最近的备份"
            ) from error
        except BaseException:
            self._lock.release()
            raise
        return con

    def _make(self) -> None:
        """A new file appears whole: half of one, left by a full disk, would be taken for a damaged warehouse."""
        if not self.path.exists():
            with whole(self.path, synced=True) as fresh:
                duckdb.connect(str(fresh)).close()

    def _is_newer_than(self, snapshot: Path | None) -> bool:
        if snapshot is None or not self.path.exists():
            return False
        if not snapshot.exists() or self.path.with_name(self.path.name + ".wal").exists():
            return True
        return snapshot.stat().st_mtime_ns < self.path.stat().st_mtime_ns

    def sign(self, con: duckdb.DuckDBPyConnection, signature: Signature) -> None:
        """A file keeps no author."""

    def settle(self, con: duckdb.DuckDBPyConnection) -> None:
        con.execute("CHECKPOINT")
        reached("checkpoint")

    def close(self, con: duckdb.DuckDBPyConnection | None, publish: Path | None) -> None:
        try:
            if con is not None:
                con.close()
            if publish is not None:
                publish_snapshot(self.path, publish)
        finally:
            self._lock.release()

    def save_copy(self, con: duckdb.DuckDBPyConnection, target: Path) -> None:
        con.execute("CHECKPOINT")
        shutil.copyfile(self.path, target)


def publish_snapshot(path: Path, snapshot: Path) -> None:
    """Copies the checkpointed file beside the snapshot and swaps it in; open readers keep the old one."""
    sweep(snapshot.parent, deep=False)
    with whole(snapshot, synced=True, point="snapshot") as fresh:
        shutil.copyfile(path, fresh)


def configure(con: duckdb.DuckDBPyConnection) -> None:
    """What every connection needs, whichever store it leads to."""
    con.execute("SET TimeZone = 'Asia/Shanghai'; SET enable_progress_bar = false")


def gated(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """The ids among appended rows that a lake must hold only once."""
    if table != "submission" or "submission_id" not in columns:
        return []
    place = list(columns).index("submission_id")
    return [row[place] for row in rows]
