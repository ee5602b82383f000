"""A warehouse made again from the journal, and its figures held against the archived files they were read from.

Belongs here: replaying entries into an empty warehouse, comparing two warehouses table by table. Does not: moving
files of a home (flows.upkeep), writing the journal (warehouse.journaling).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.journal import Entry, Head, Journal
from warehouse.journaling import persistent_columns, unplain
from warehouse.migrating import migrate
from warehouse.places import FilePlace
from warehouse.store import insert_rows, query

# No longer run by anything, but journals of before name them and are replayed with them.
FORMER_STATEMENTS = ("delete_attainment_as_of",)
_ROWS_AT_ONCE = 50_000
_BYTES_AT_ONCE = 64 << 20  # letters with attachments make few rows heavy


@dataclass(frozen=True)
class Replayed:
    entries: int
    voided: int
    rows: int
    head: Head | None


def replay(journal: Journal, target: Path) -> Replayed:
    """Makes the warehouse at ``target`` (a new file) as the journal tells it, to the last row.

    :raises warehouse.journal.JournalBroken: the journal does not hold together; nothing of use was made
    """
    place = FilePlace(target)
    con = place.open(None)
    try:
        migrate(con, lambda: None)
        con.execute("BEGIN TRANSACTION")
        done = _Replay(con).run(journal)
        con.execute("COMMIT")
        place.settle(con)
    finally:
        place.close(con, None)
    return done


class _Replay:
    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._tables = persistent_columns(con, query)
        self._waiting: dict[tuple[str, tuple[str, ...]], list[list[Any]]] = defaultdict(list)
        self._size = 0
        self._rows = 0
        self._noted: list[tuple[int, str, str, str]] = []

    def run(self, journal: Journal) -> Replayed:
        head, entries, voided = None, 0, 0
        for entry, is_void in _judged(journal):
            entries, head = entries + 1, entry.head
            kind = "voided" if is_void else entry.kind
            self._noted.append((entry.sequence, entry.recorded_at, kind, entry.hash))
            voided += is_void
            if not is_void:
                self._apply(entry)
        self._flush()
        if self._noted:
            insert_rows(
                self._con,
                "journal",
                ("sequence", "recorded_at", "kind", "hash"),
                self._noted,
            )
        return Replayed(entries, voided, self._rows, head)

    def _apply(self, entry: Entry) -> None:
        if entry.kind == "baseline":
            self._waiting.clear()
            for table in self._tables:
                self._con.execute(f"DELETE FROM {table}")
        for statement in entry.content.get("statements", ()):
            self._flush()
            params = {k: unplain(v) for k, v in statement["params"].items()}
            self._con.execute(query(statement["name"]), params)
        for table in entry.content.get("tables", ()):
            rows = table["rows"]
            self._waiting[table["table"], tuple(table["columns"])] += rows
            self._size += sum(
                len(v["ascii"]) for r in rows for v in r if isinstance(v, dict) and "ascii" in v
            )
        if sum(map(len, self._waiting.values())) > _ROWS_AT_ONCE or self._size > _BYTES_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        for (table, columns), rows in self._waiting.items():
            if "BLOB" in self._tables[table].values():
                rows = [[unplain(v) for v in row] for row in rows]
            insert_rows(self._con, table, columns, rows)
            self._rows += len(rows)
        self._waiting.clear()
        self._size = 0


def _judged(journal: Journal) -> Iterator[tuple[Entry, bool]]:
    """Every entry with whether the one after it declares it void."""
    held: Entry | None = None
    for entry in journal.since(0):
        if held is not None:
            yield held, entry.kind == "void" and entry.content["voids"] == held.sequence
        held = entry
    if held is not None:
        yield held, False


def differing_tables(con: duckdb.DuckDBPyConnection, other: Path) -> dict[str, tuple[int, int]]:
    """Tables that do not hold the same rows: (rows only in ``con``, rows only in ``other``) by name."""
    con.execute(f"ATTACH '{str(other).replace(chr(39), chr(39) * 2)}' AS rebuilt (READ_ONLY)")
    found = {}
    try:
        for table, columns in persistent_columns(con, query).items():
            names = ", ".join(columns)
            sides = (f"SELECT {names} FROM main.{table}", f"SELECT {names} FROM rebuilt.main.{table}")
            mine, theirs = (
                con.sql(f"SELECT count(*) FROM ({a} EXCEPT ALL {b})").fetchall()[0][0]
                for a, b in (sides, sides[::-1])
            )
            if mine or theirs:
                found[table] = (int(mine), int(theirs))
    finally:
        con.execute("DETACH rebuilt")
    return found


def archived_files(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Every file that was read, with its hash: submission_id, unit, receipt_no, sha256, status, file_name, size_bytes."""
    return _dicts(con, "list_archived_files")


def figures_by_file(con: duckdb.DuckDBPyConnection) -> Mapping[str, list[dict[str, Any]]]:
    """What each file brought that was counted, by submission_id: item, sheet, cell, value, state."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _dicts(con, "list_archived_figures"):
        found[row["submission_id"]].append(row)
    return found


def _dicts(con: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    result = con.execute(query(name))
    names = [c[0] for c in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
