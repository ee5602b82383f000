"""An open warehouse: transactions, named queries, rows in and out; the same for a file and for a lake.

Belongs here: how the warehouse is asked and written to. Does not: where it lies and who may open it (places,
lake), its schema (migrating), what any table means (facts, ledger, attainment), the clock, the environment.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import duckdb

from warehouse.fetching import T, dicts, groups
from warehouse.journal import Journal
from warehouse.journaling import JournalAhead, Recorder
from warehouse.killpoints import reached
from warehouse.letterbook import FOLDER, LetterBook
from warehouse.migrating import migrate
from warehouse.places import FilePlace, Place, Signature, StoreError, configure, gated

if TYPE_CHECKING:
    from warehouse.lake.address import LakeAddress

__all__ = ["Reader", "Rows", "Store", "StoreError", "insert_rows", "query"]


@cache
def query(name: str) -> str:
    """Text of ``sql/query/<name>.sql``."""
    return files("warehouse").joinpath("sql", "query", f"{name}.sql").read_text("utf-8")


class Rows:
    """Whatever answers named queries: an open :class:`Store` or a :class:`Reader`."""

    _con: duckdb.DuckDBPyConnection | None = None

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        if self._con is None:
            raise StoreError("仓库没有打开（the store is not open）")
        return self._con

    def rows(self, name: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Result of a named query as dicts."""
        return dicts(self.con.execute(query(name), dict(params or {})))

    def keep(self, name: str) -> None:
        """Makes the temporary table of a named statement, for the queries of this connection that follow."""
        self.con.execute(query(name))

    def grouped(
        self, name: str, by: str, make: type[T], params: Mapping[str, Any] | None = None
    ) -> dict[str, list[T]]:
        """Result of a named query as records by the text in one column, for many rows; see :func:`fetching.groups`."""
        return groups(self.con.execute(query(name), dict(params or {})), by, make)


class Store(Rows):
    """An open warehouse. Use as a context manager; closing settles it and publishes the snapshot.

    :param path: the single file; the letter book lies beside it, a lake's too
    :param snapshot: the copy for readers, which a lake does not need
    :param lake: where the warehouse lies instead of ``path``
    :param journal: what every change of the single file is written to as well; a lake keeps its own history
    """

    def __init__(
        self, path: Path, *, snapshot: Path | None = None, lake: LakeAddress | None = None,
        journal: Journal | None = None,
    ) -> None:  # fmt: skip
        self.path = path
        self.journal = None if lake else journal
        self.letters = LetterBook(path.with_name(FOLDER))
        self._recorder: Recorder | None = None
        self.snapshot = None if lake else snapshot
        self._place: Place = FilePlace(path) if lake is None else _lake("place").LakePlace(lake)
        self._changed = False
        self._inside = False
        self._signature = Signature()
        self._con: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Store:
        if self.journal is not None and self.journal.is_begun and not self.path.exists():
            raise StoreError(f"仓库文件不见了：{self.path}。请运行 jibao rebuild，由归档和日志重建")
        self._con = self._place.open(self.snapshot)
        try:
            self._changed = self._place.is_unpublished or self._changed
            if migrate(self._con, lambda: self._place.sign(self.con, self._signature)):
                self._place.settle(self._con)
                self._changed = True
            if self.journal is not None:
                self._recorder = Recorder(self._con, self.journal, query)
                self._changed = self._recorder.settle() or self._changed
        except JournalAhead as error:
            self._close()
            raise StoreError(str(error)) from error
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._con is not None and self._changed:
                self._place.settle(self._con)
        finally:
            # What was committed before a failure is in the file; the rest was rolled back.
            self._close(publish=True)

    def _close(self, *, publish: bool = False) -> None:
        con, self._con, self._recorder = self._con, None, None
        publish = publish and self._changed and self.snapshot is not None
        self._place.close(con, self.snapshot if publish else None)
        if publish:
            self._changed = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is applied at once or not at all."""
        recorder = self._recorder
        if recorder is not None:
            recorder.begun()
        self.con.execute("BEGIN TRANSACTION")
        self._inside = True
        try:
            yield
            if recorder is not None:
                recorder.write()
            self._place.sign(self.con, self._signature)
        except BaseException:
            self.con.execute("ROLLBACK")
            raise
        finally:
            self._inside = False
            self._signature.submissions = []
        reached("commit")
        self.con.execute("COMMIT")
        self._changed = True
        if recorder is not None:
            recorder.committed()
        reached("committed")

    def sign(self, run_id: str, flow: str) -> None:
        """Commits from now on are this run's."""
        self._signature = Signature(run_id, flow)

    def gate(self, submissions: Sequence[str]) -> None:
        """Names submissions that this transaction adds by other means than :meth:`append`."""
        self._signature.submissions += submissions

    def run(self, name: str, params: Mapping[str, Any] | None = None) -> None:
        """Executes a named statement for its effect; call it inside ``transaction()``."""
        with self._signed():
            if self._recorder is not None:
                self._recorder.ran(name, query(name), params or {})
            self.con.execute(query(name), dict(params or {}))
            self._changed = True

    def append(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Adds rows set-wise. Values are bound column by column as arrays, never row by row."""
        if not rows:
            return
        with self._signed():
            if self._recorder is not None:
                self._recorder.touched(table)
            insert_rows(self.con, table, columns, rows)
            self._signature.submissions += gated(table, columns, rows)
            self._changed = True

    def save_copy(self, target: Path) -> None:
        """The whole warehouse as one DuckDB file at ``target``, which must not exist; call outside a transaction."""
        self._place.save_copy(self.con, target)

    @contextmanager
    def _signed(self) -> Iterator[None]:
        """One statement alone is a transaction of its own where commits are signed or journaled."""
        if self._inside or not (self._place.needs_transaction or self._recorder):
            yield
            return
        with self.transaction():
            yield


def insert_rows(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """One INSERT for all rows: each column travels as one list parameter and is unnested in step."""
    names = ", ".join(columns)
    types = dict(con.execute(query("describe_table"), {"table": table}).fetchall())
    values = ", ".join(f"unnest($c{i}::{types[name]}[])" for i, name in enumerate(columns))
    params = {f"c{i}": list(column) for i, column in enumerate(zip(*rows, strict=True))}
    con.execute(f"INSERT INTO {table} ({names}) SELECT {values}", params)


class Reader(Rows):
    """The warehouse as last committed, read-only: never blocks the writer, never sees half a batch.

    Use as a context manager. Of a single file this is its snapshot; of a lake the catalog's newest state.

    :raises StoreError: on entering, when there is no warehouse yet
    """

    def __init__(self, snapshot: Path, *, lake: LakeAddress | None = None) -> None:
        self.snapshot = snapshot
        self.lake = lake

    def has_data(self) -> bool:
        """Whether a warehouse was ever made there."""
        if self.lake is None:
            return self.snapshot.exists()
        found: bool = _lake("gate").has_catalog(self.lake)
        return found

    def __enter__(self) -> Reader:
        if self.lake is not None:
            attach = _lake("attaching").attach
            self._con = attach(self.lake, read_only=True)
            # One state for all queries of this reader, whatever is committed meanwhile.
            self.con.execute("BEGIN TRANSACTION")
            return self
        if not self.snapshot.exists():
            begin = "请先运行 jibao open 或 jibao cycle；原来有数据的请运行 jibao doctor，它会补出快照或说明怎么办"
            raise StoreError(f"还没有数据：{self.snapshot} 不存在，{begin}")
        self._con = duckdb.connect(str(self.snapshot), read_only=True)
        configure(self._con)
        return self

    def __exit__(self, *_: object) -> None:
        self.con.close()

    def save_copy(self, target: Path) -> None:
        """The whole warehouse as one DuckDB file at ``target``, which must not exist."""
        if self.lake is None:
            shutil.copyfile(self.snapshot, target)
        else:
            self.con.execute("COMMIT")  # one transaction writes to one database
            _lake("copying").copy_tables(self.con, target)
            self.con.execute("BEGIN TRANSACTION")


def _lake(module: str) -> Any:
    """A module of the lake, whose libraries only the scale profile installs."""
    try:
        return import_module(f"warehouse.lake.{module}")
    except ImportError as error:
        raise StoreError(f'缺少组件 {error.name}；请安装：pip install "jibao[scale]"') from error
