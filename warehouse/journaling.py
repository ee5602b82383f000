"""How the warehouse takes part in its journal: what a transaction added, written and synced before the commit.

Belongs here: catching the changes, and settling which of the two is ahead after a crash. Does not: the files
(warehouse.journal), reading changes back (warehouse.rebuilding).

The commit is what counts. An entry whose transaction never committed is marked void; a warehouse that lacks entries
it had confirmed is refused, for it is not the one that wrote them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import duckdb

from warehouse.durable import sweep
from warehouse.journal import Entry, Head, Journal, JournalBroken, Rows
from warehouse.killpoints import reached

# Rows that the open transaction added carry numbers from here on until they are committed.
_LOCAL_ROWS = 36028797018960000
_ROWS_AT_ONCE, _LETTERS_AT_ONCE = 5_000, 200  # of what is read to be written down, each some 5 MB as objects
_OWN = ("journal", "migration")
_WRITES = re.compile(r"^\s*(INSERT\s+INTO|DELETE\s+FROM|UPDATE|MERGE\s+INTO|TRUNCATE)\s+(\w+)", re.M | re.I)
# As text DuckDB reads them back to the last digit, whatever the time zone.
_AS_IS = re.compile(r"(VARCHAR|BOOLEAN|DOUBLE|BLOB|(U?(BIG|SMALL|TINY)?INT(EGER)?))(\[\])?\Z")


class JournalAhead(RuntimeError):
    """The warehouse lacks what the journal has, or contradicts it; one Chinese line naming the command that mends it."""


@cache
def written_table(text: str) -> tuple[str, str] | None:
    """(INSERT, DELETE, ..., table) of a statement that writes, None of one that only reads."""
    found = _WRITES.search(text)
    return (found[1].split()[0].upper(), found[2].lower()) if found else None


class Recorder:
    """One open warehouse beside its journal. ``begun``, ``write``, ``committed`` bracket each transaction."""

    def __init__(self, con: duckdb.DuckDBPyConnection, journal: Journal, query: Callable[[str], str]) -> None:
        self.journal = journal
        self._con = con
        self._query = query
        self._columns = persistent_columns(con, query)
        self._touched: dict[str, None] = {}
        self._statements: list[dict[str, Any]] = []
        self._head: Head | None = None
        self._pending: Head | None = None

    def begun(self) -> None:
        """A transaction starts. First settles what an earlier one left open."""
        if self._pending is not None:
            self.settle()
        self._touched.clear()
        self._statements.clear()

    def touched(self, table: str) -> None:
        if table in self._columns:
            self._touched[table] = None

    def ran(self, name: str, text: str, params: Mapping[str, Any]) -> None:
        """A statement is about to run; what deletes is kept as the statement itself.

        :raises ValueError: it rewrites rows, which no table of ours allows
        """
        writes = written_table(text)
        if writes is None or writes[1] not in self._columns:
            return
        verb, table = writes
        if verb == "INSERT":
            self.touched(table)
        elif verb == "DELETE":
            self._statements.append({"name": name, "params": {k: _plain(v) for k, v in params.items()}})
        else:
            raise ValueError(f"{name} rewrites {table}: facts are appended, never changed")

    def write(self) -> None:
        """Appends what this transaction added; call it right before the commit.

        :raises OSError: the journal cannot be written; roll back
        """
        tables = [t for t in map(self._added, self._touched) if t]
        if tables or self._statements:
            self._append("changes", {"statements": list(self._statements)}, tables)

    def committed(self) -> None:
        if self._pending is not None:
            self._head, self._pending = self._pending, None
            self.journal.confirm(self._head)

    def settle(self) -> bool:
        """Brings warehouse and journal together after a crash, an upgrade or a loss; True if the warehouse changed.

        :raises JournalAhead: this warehouse is not the one that wrote the journal, or lost part of it
        """
        self._pending = None
        self._head = self._known()
        try:
            was_settled = self.journal.is_settled
            if not was_settled:
                sweep(self.journal.folder, deep=False)
                self.journal.drop_half_line()
            tail = self.journal.tail()
            if tail == self._head:
                if tail is None and self._has_rows():
                    self._baseline("此前的数据没有日志")
                    return True
                if tail is not None and not was_settled:
                    self.journal.confirm(tail)
                return False
            beyond = list(self.journal.since(self._head.sequence if self._head else 0))
        except JournalBroken as error:
            raise JournalAhead(
                f"审计日志不完整：{error}。请运行 jibao audit verify 查看，并用 jibao restore 恢复备份"
            ) from error
        if not beyond:
            # The files end before the warehouse does: never by a crash. Kept going, but on record for good.
            self._baseline("审计日志缺失")
            return True
        self._void(beyond)
        return True

    def _void(self, beyond: Sequence[Entry]) -> None:
        confirmed = self.journal.confirmed()
        before = beyond[0].previous
        known = self._head.hash if self._head else before
        changes = [e for e in beyond if e.kind != "void"]
        is_crash = len(changes) == 1 and known == before and len(beyond) <= 2
        if not is_crash or (confirmed is not None and confirmed.sequence >= changes[0].sequence):
            last = beyond[-1].sequence
            mine = self._head.sequence if self._head else 0
            raise JournalAhead(
                f"仓库只到第 {mine} 笔，审计日志已到第 {last} 笔：仓库文件被换过、恢复得太旧或已损坏。"
                "请运行 jibao rebuild，由归档和日志重建"
            )
        [lost] = changes
        voids = [e for e in beyond if e.kind == "void"]
        if voids:
            head, recorded_at = voids[0].head, voids[0].recorded_at
        else:
            now = self.journal.now()
            recorded_at = now.isoformat()
            said = {"voids": lost.sequence, "reason": "提交前程序中断"}
            head = self.journal.append("void", said, lost.head, now)
        self._con.execute("BEGIN TRANSACTION")
        self._note(lost.head, "voided", lost.recorded_at)
        self._note(head, "void", recorded_at)
        self._con.execute("COMMIT")
        self._head = head
        self.journal.confirm(head)
        if lost.kind == "baseline":
            self._baseline(str(lost.content.get("reason", "")))

    def _baseline(self, reason: str) -> None:
        """Everything the warehouse holds, as one entry: nothing before it is needed to rebuild."""
        self._con.execute("BEGIN TRANSACTION")
        try:
            tables = [t for t in (self._rows(name, 0) for name in self._columns) if t]
            self._append("baseline", {"reason": reason, "statements": []}, tables)
        except BaseException:
            self._con.execute("ROLLBACK")
            raise
        self._con.execute("COMMIT")
        self.committed()

    def _append(self, kind: str, content: Mapping[str, Any], tables: Sequence[Rows]) -> None:
        now = self.journal.now()
        head = self.journal.append(kind, content, self._head, now, tables)
        self._pending = head
        reached("journal")
        self._note(head, kind, now.isoformat())

    def _note(self, head: Head, kind: str, recorded_at: str) -> None:
        row = {"sequence": head.sequence, "recorded_at": recorded_at, "kind": kind, "hash": head.hash}
        self._con.execute(self._query("insert_journal_entry"), row)

    def _known(self) -> Head | None:
        found = self._con.execute(self._query("read_journal_head")).fetchone()
        return Head(*found) if found else None

    def _has_rows(self) -> bool:
        return any(self._con.execute(f"SELECT 1 FROM {t} LIMIT 1").fetchone() for t in self._columns)

    def _added(self, table: str) -> Rows | None:
        return self._rows(table, _LOCAL_ROWS)

    def _rows(self, table: str, since: int) -> Rows | None:
        """The rows numbered from ``since``; None when there are none."""
        kinds = list(self._columns[table].values())
        span = self._con.execute(f"SELECT min(rowid), max(rowid) FROM {table} WHERE rowid >= {since}")
        first, last = span.fetchone() or (None, None)
        if first is None:
            return None
        floats = [place for place, kind in enumerate(kinds) if kind == "DOUBLE"]
        step = _LETTERS_AT_ONCE if "BLOB" in kinds else _ROWS_AT_ONCE
        portions = (self._portion(table, start, start + step) for start in range(first, last + 1, step))
        return Rows(table, list(self._columns[table]), floats, portions)

    def _portion(self, table: str, start: int, end: int) -> list[tuple[Any, ...]]:
        columns = self._columns[table]
        picked = ", ".join(c if _AS_IS.match(t) else f"{c}::VARCHAR" for c, t in columns.items())
        where = f"rowid >= {start} AND rowid < {end}"
        rows = self._con.execute(f"SELECT {picked} FROM {table} WHERE {where} ORDER BY rowid").fetchall()
        if "BLOB" in columns.values():
            rows = [tuple(map(_plain, row)) for row in rows]
        return rows


def _plain(value: Any) -> Any:
    """Letters are ASCII and stay readable; other bytes and instants become text that says what it is."""
    if isinstance(value, bytes):
        try:
            return {"ascii": value.decode("ascii")}
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    return {"instant": value.isoformat()} if isinstance(value, datetime) else value


def unplain(value: Any) -> Any:
    """The bytes or instant that :func:`_plain` wrote, anything else as it is."""
    if isinstance(value, dict):
        if "instant" in value:
            return datetime.fromisoformat(value["instant"])
        return value["ascii"].encode() if "ascii" in value else base64.b64decode(value["base64"])
    return value


def persistent_columns(
    con: duckdb.DuckDBPyConnection, query: Callable[[str], str]
) -> dict[str, dict[str, str]]:
    """Columns with their types of every table of facts, in order."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in con.execute(query("list_journal_columns")).fetchall():
        if table not in _OWN:
            found.setdefault(table, {})[column] = kind
    return found
