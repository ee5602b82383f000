"""Judged batches on their way into the lake: a folder of Parquet files with a manifest, whole or not there.

Belongs here: writing, naming, listing, verifying and reading such a folder. Does not: what is in it (flows.scale).

A batch is named by what it is about, so that the same work done twice gives one folder; it appears by one rename, after
its bytes are on disk, and a manifest with the hash of every file lets the committer tell a whole batch from a damaged one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.store import insert_rows, query

TABLES = ("submission", "finding", "rule", "rejected", "arrival", "entry")
ROWS = "row.parquet"
MANIFEST = "manifest.json"
ABANDONED_S = 3600.0


class BatchDamaged(RuntimeError):
    """A staged folder does not hold what its manifest says."""


@dataclass(frozen=True)
class StagedBatch:
    """``manifest``: what the writer noted, plus ``files`` {name: sha256}."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def rows_file(self) -> Path:
        return self.folder / ROWS

    def read(self) -> dict[str, list[dict[str, Any]]]:
        """Every table but the rows, by name.

        :raises BatchDamaged: a file is missing or altered
        """
        try:
            for name, digest in self.manifest["files"].items():
                if _digest(self.folder / name) != digest:
                    raise BatchDamaged(f"{self.folder.name}/{name}")
            with duckdb.connect() as con:
                con.execute("SET TimeZone = 'Asia/Shanghai'")
                return {table: _rows(con, self.folder / f"{table}.parquet") for table in TABLES}
        except (OSError, duckdb.Error) as error:
            raise BatchDamaged(f"{self.folder.name}: {error}") from error


def write_batch(
    con: duckdb.DuckDBPyConnection,
    root: Path,
    key: Sequence[str],
    tables: Mapping[str, tuple[Sequence[str], Sequence[Sequence[Any]]]],
    manifest: Mapping[str, Any],
) -> Path | None:
    """Stages ``tables`` and the connection's incoming_row; the folder, None when the same batch lies there already.

    :param key: what the batch is about; the same key is the same batch
    :param tables: by name in :data:`TABLES`: columns and rows
    """
    name = hashlib.sha256("\n".join(key).encode()).hexdigest()[:32]
    ready = root / "ready" / name
    if ready.exists():
        return None
    work = root / "work" / f"{name}-{os.getpid()}-{time.monotonic_ns()}"
    work.mkdir(parents=True)
    try:
        con.execute(query("create_staged_tables"))
        for table in TABLES:
            columns, rows = tables[table]
            if rows:
                insert_rows(con, f"staged_{table}", columns, rows)
            con.table(f"staged_{table}").write_parquet(str(work / f"{table}.parquet"), compression="zstd")
        con.table("incoming_row").write_parquet(str(work / ROWS), compression="zstd")
        files = {p.name: _digest(p) for p in sorted(work.iterdir())}
        text = json.dumps({**manifest, "files": files}, ensure_ascii=False, default=str)
        (work / MANIFEST).write_text(text, "utf-8")
        for path in (*work.iterdir(), work):
            _sync(path)
        ready.parent.mkdir(exist_ok=True)
        try:
            work.rename(ready)
        except OSError:
            if not ready.exists():
                raise
            return None  # somebody did the same work a moment earlier
        _sync(ready.parent)
        return ready
    finally:
        shutil.rmtree(work, ignore_errors=True)


def list_ready(root: Path) -> list[StagedBatch]:
    """Whole batches waiting, oldest first; what vanishes while we look was loaded by another committer."""
    found = []
    for folder in (root / "ready").glob("*"):
        try:
            manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
            found.append((folder.stat().st_mtime, folder.name, StagedBatch(folder, manifest)))
        except (OSError, ValueError):
            continue
    return [batch for _, _, batch in sorted(found, key=lambda f: f[:2])]


def discard(root: Path, batch: StagedBatch) -> None:
    """Takes a batch away in one step, so that nobody reads half of it."""
    grave = root / "work" / f"gone-{batch.folder.name}-{os.getpid()}-{time.monotonic_ns()}"
    grave.parent.mkdir(parents=True, exist_ok=True)
    try:
        batch.folder.rename(grave)
    except OSError:
        return
    shutil.rmtree(grave, ignore_errors=True)


def sweep_work(root: Path, now: float) -> int:
    """Removes what writers that died left behind; returns how many."""
    gone = 0
    for path in (root / "work").glob("*"):
        try:
            if now - path.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(path, ignore_errors=True)
                gone += 1
        except OSError:
            continue
    return gone


def _rows(con: duckdb.DuckDBPyConnection, path: Path) -> list[dict[str, Any]]:
    result = con.read_parquet(str(path))
    return [dict(zip(result.columns, row, strict=True)) for row in result.fetchall()]


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
