"""The one writer of the warehouse: lock, connection, migrations, named queries, snapshot.

Belongs here: how the DuckDB file is opened, migrated, queried and published. Does not: what any
table means (facts, ledger, attainment), the clock, the environment.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
from filelock import FileLock

# DuckDB's own lock is taken after the header is read in some versions (libraries: 2.0.0 lost rows),
# so every open, transaction and close happens under this sidecar lock.
LOCK_TIMEOUT_S = 300


class StoreError(RuntimeError):
    """The warehouse cannot be opened or does not fit this version; the message says what to do."""


@cache
def query(name: str) -> str:
    """Text of ``sql/query/<name>.sql``."""
    return files("warehouse").joinpath("sql", "query", f"{name}.sql").read_text("utf-8")


def _scripts(folder: str) -> list[tuple[str, str]]:
    found = [f for f in files("warehouse").joinpath("sql", folder).iterdir() if f.name.endswith(".sql")]
    return [(f.name, f.read_text("utf-8")) for f in sorted(found, key=lambda f: f.name)]


class Store:
    """An open warehouse. Use as a context manager; closing checkpoints and publishes the snapshot."""

    def __init__(self, path: Path, *, snapshot: Path | None = None) -> None:
        self.path = path
        self.snapshot = snapshot
        self._lock = FileLock(str(path) + ".lock", timeout=LOCK_TIMEOUT_S)
        self._changed = False
        self._con: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Store:
        self._lock.acquire()
        try:
            self._con = _connect(self.path)
            self._changed = _migrate(self._con) or self._changed
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._con is not None and self._changed:
                self._con.execute("CHECKPOINT")
        finally:
            # What was committed before a failure is in the file; the rest was rolled back.
            self._close(publish=True)

    def _close(self, *, publish: bool = False) -> None:
        try:
            if self._con is not None:
                self._con.close()
                self._con = None
            if publish and self._changed and self.snapshot is not None:
                publish_snapshot(self.path, self.snapshot)
                self._changed = False
        finally:
            self._lock.release()

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        if self._con is None:
            raise StoreError("仓库没有打开(the store is not open)")
        return self._con

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is applied at once or not at all."""
        self.con.execute("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            self.con.execute("ROLLBACK")
            raise
        self.con.execute("COMMIT")
        self._changed = True

    def run(self, name: str, params: Mapping[str, Any] | None = None) -> None:
        """Executes a named statement for its effect; call it inside ``transaction()``."""
        self.con.execute(query(name), dict(params or {}))
        self._changed = True

    def rows(self, name: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Result of a named query as dicts."""
        return _dicts(self.con.execute(query(name), dict(params or {})))

    def append(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Adds rows set-wise. Values are bound column by column as arrays, never row by row."""
        if not rows:
            return
        insert_rows(self.con, table, columns, rows)
        self._changed = True


def insert_rows(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """One INSERT for all rows: each column travels as one list parameter and is unnested in step."""
    names = ", ".join(columns)
    types = dict(con.execute(query("describe_table"), {"table": table}).fetchall())
    values = ", ".join(f"unnest($c{i}::{types[name]}[])" for i, name in enumerate(columns))
    params = {f"c{i}": list(column) for i, column in enumerate(zip(*rows, strict=True))}
    con.execute(f"INSERT INTO {table} ({names}) SELECT {values}", params)


class Reader:
    """The snapshot, read-only: never blocks the writer, never sees half a batch. Use as a context manager.

    :raises StoreError: on entering, when no snapshot has been published yet
    """

    def __init__(self, snapshot: Path) -> None:
        self.snapshot = snapshot

    def __enter__(self) -> Reader:
        if not self.snapshot.exists():
            raise StoreError(f"还没有数据:{self.snapshot} 不存在,请先运行 jibao open 或 jibao cycle")
        self.con = duckdb.connect(str(self.snapshot), read_only=True)
        _configure(self.con)
        return self

    def __exit__(self, *_: object) -> None:
        self.con.close()

    def rows(self, name: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Result of a named query as dicts."""
        return _dicts(self.con.execute(query(name), dict(params or {})))


def publish_snapshot(path: Path, snapshot: Path) -> None:
    """Copies the checkpointed file beside the snapshot and swaps it in; open readers keep the old one."""
    fresh = snapshot.with_name(snapshot.name + ".new")
    shutil.copyfile(path, fresh)
    fresh.replace(snapshot)


def _dicts(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [c[0] for c in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _configure(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("SET TimeZone = 'Asia/Shanghai'; SET enable_progress_bar = false")


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        con = duckdb.connect(str(path))
    except duckdb.Error as error:
        raise StoreError(
            f"仓库文件打不开:{path}({str(error).splitlines()[0]})。可用 jibao restore 恢复最近的备份"
        ) from error
    _configure(con)
    return con


def _migrate(con: duckdb.DuckDBPyConnection) -> bool:
    """Applies numbered schema files not yet in the ledger and refreshes the mart views; True if anything ran."""
    con.execute("CREATE TABLE IF NOT EXISTS migration (name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL)")
    done = dict(con.execute("SELECT name, sha256 FROM migration").fetchall())
    schema = [(n, t, hashlib.sha256(t.encode()).hexdigest()) for n, t in _scripts("schema")]
    mart = [(f"mart/{n}", t, hashlib.sha256(t.encode()).hexdigest()) for n, t in _scripts("mart")]
    for name, _, digest in schema:
        if name in done and done[name] != digest:
            raise StoreError(f"迁移脚本 {name} 与建库时不同:程序文件被改动过,请重新安装 jibao")
    todo = [m for m in schema if m[0] not in done]
    stale_mart = [m for m in mart if done.get(m[0]) != m[2]]
    if not todo and not stale_mart:
        return False
    con.execute("BEGIN TRANSACTION")
    try:
        for name, text, digest in todo:
            con.execute(text)
            con.execute("INSERT INTO migration VALUES (?, ?)", [name, digest])
        con.execute("CREATE SCHEMA IF NOT EXISTS mart")
        for name, text, digest in mart if stale_mart else []:
            con.execute(text)
            con.execute("DELETE FROM migration WHERE name = ?", [name])
            con.execute("INSERT INTO migration VALUES (?, ?)", [name, digest])
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("CHECKPOINT")
    return True
