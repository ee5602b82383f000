"""Rebuild: the whole warehouse made again from the journal, held against the archived files themselves.

Belongs here: what happens to a home. Does not: replaying (warehouse.rebuilding).
"""

from __future__ import annotations

import hashlib
import shutil
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flows.office import Office
from flows.steps import judging
from flows.steps.shelving import archive_path
from flows.upkeep.backups import alone, move_aside
from warehouse import audit, ledger, rebuilding
from warehouse.intake.reading import ROW_COLUMNS, Landing
from warehouse.journal import JournalBroken
from warehouse.letterbook import LetterBook
from warehouse.places import FilePlace, publish_snapshot
from warehouse.store import Reader


class RebuildError(RuntimeError):
    """The warehouse cannot be made again from here; one Chinese line saying what to do. Nothing was changed."""


@dataclass
class Rebuilt:
    """What was made, and what the archive says to it."""

    entries: int
    rows: int
    files: int = 0
    figures: int = 0  # cells read again from the archive
    missing: list[str] = field(default_factory=list)  # receipt numbers whose file is gone or altered
    letters: dict[str, str] = field(default_factory=dict)  # letters gone or altered: why, by mail
    differing: list[str] = field(default_factory=list)  # figures that this version reads otherwise
    seconds: float = 0
    aside: Path | None = None


def rebuild(office: Office, as_of: datetime) -> Rebuilt:
    """Makes HOME/warehouse.duckdb again; the old file is moved to HOME/backups/, never deleted. No mail is sent.

    :raises RebuildError: there is no journal, or it does not hold together
    """
    home, began = office.home, time.monotonic()
    if office.lake is not None:
        raise RebuildError(
            "多机仓库（DuckLake）由数据库自己的备份恢复，不用 jibao rebuild；见 docs/operations.md"
        )
    if not office.journal.is_begun:
        raise RebuildError(f"没有审计日志（{home.audit}），不能重建；请用 jibao restore 恢复备份")
    home.create()
    fresh = home.root / ".rebuilding"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        with alone(home):
            office.journal.drop_half_line()
            made = fresh / home.warehouse.name
            done = rebuilding.replay(office.journal, made)
            result = Rebuilt(done.entries, done.rows)
            _compare_with_archive(office, made, result)
            with Reader(made) as reader:
                result.letters = ledger.unreadable(reader, LetterBook(home.letters))
            result.aside = home.backups / f"before-rebuild-{as_of:%Y%m%d-%H%M%S}"
            move_aside(home, result.aside, (home.warehouse.name, home.warehouse.name + ".wal"))
            made.rename(home.warehouse)
            if done.head is not None:
                office.journal.confirm(done.head)
            publish_snapshot(home.warehouse, home.snapshot)
    except JournalBroken as error:
        raise RebuildError(f"审计日志不完整，没有重建：{error}；请用 jibao restore 恢复备份") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    after = {"entries": result.entries, "rows": result.rows, "missing": result.missing[:20]}
    with office.store() as store, store.transaction():
        audit.record(store, [audit.Note("rebuild", home.warehouse.name, as_of, after=after)])
    result.seconds = time.monotonic() - began
    return result


def _compare_with_archive(office: Office, made: Path, result: Rebuilt) -> None:
    """Every archived file must be there with its hash; its figures are read again and held against the journal's."""
    place = FilePlace(made)
    con = place.open(None)
    try:
        files, figures = rebuilding.archived_files(con), rebuilding.figures_by_file(con)
    finally:
        place.close(con, None)
    result.files = len(files)
    landings = []
    for f in files:
        path = archive_path(office.home, f["sha256"])
        if not path.is_file() or _sha256(path) != f["sha256"]:
            result.missing.append(f["receipt_no"])
        elif f["submission_id"] in figures:
            landings.append(
                Landing(path, f["sha256"], f["unit"], f["file_name"], f["size_bytes"], path.stat().st_mtime)
            )
    ids = [f["submission_id"] for f in files if f["receipt_no"] not in result.missing]
    wanted = [i for i in ids if i in figures]
    readings = judging.read(office, landings)
    for submission, reading in zip(wanted, readings, strict=True):
        read = {_key(row): row for row in (dict(zip(ROW_COLUMNS, r, strict=True)) for r in reading.rows)}
        for figure in figures[submission]:
            result.figures += 1
            row = read.get((figure["sheet"], figure["cell"], figure["item"]))
            if row is None or (row["value"], row["state"]) != (figure["value"], figure["state"]):
                result.differing.append(
                    f"{figure['unit']} {figure['period']} {figure['item']} {figure['cell']}"
                )


def _key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["sheet"], row["value_cell"], row["item"]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
