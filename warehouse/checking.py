"""Frames for the checks: one batch of readings beside the register and everything accepted before.

Belongs here: loading readings into temporary tables and running the preparing queries. Does not: what
is acceptable (checks), reading files (intake), writing facts (facts).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb

from warehouse.intake.reading import ROW_COLUMNS, Reading
from warehouse.intake.words import FIGURES, PROGRESS, fold
from warehouse.store import Reader, Store, insert_rows, query

if TYPE_CHECKING:
    from pandas import DataFrame

PREPARING_MEMORY_MB = 256
_THREADS = 2  # each has 70 MB of its own in this plan: as many as a large machine has cores would not fit
ROWS_AT_ONCE = 15_000
_FILES_AT_ONCE = 500  # whose rows are in memory twice while they are inserted
_FIGURES = ("value", "numerator", "denominator")
_SUBMISSION_COLUMNS = (
    "submission_id", "unit", "period", "received_at",
    "name_claim", "name_unit", "code_claim", "code_unit", "unit_sheet", "unit_cell",
    "period_claim", "period_sheet", "period_cell",
    "plan_hash", "template_version", "held_reason", "held_detail", "file_kind", "row_count",
)  # fmt: skip
_PROBLEM_COLUMNS = ("submission_id", "problem_no", "code", "sheet", "cell", "value")


@dataclass(frozen=True)
class SubmissionRow:
    """One new file as the caller resolved it.

    ``unit`` is the drop folder. ``name_unit`` and ``code_unit`` are the unit codes that the file's own
    name and code claims resolve to, None where they say nothing or nothing known. ``period`` is the
    cycle the file is judged for, None when it could not be told.
    """

    submission_id: str
    unit: str
    period: str | None
    received_at: datetime
    name_unit: str | None = None
    code_unit: str | None = None


def load(store: Store | Reader, submissions: Sequence[SubmissionRow], readings: Sequence[Reading]) -> None:
    """Fills the temporary tables incoming_row, incoming_submission and incoming_problem.

    Temporary tables live in memory beside the warehouse: no DDL touches the file. The readings give their rows up:
    once more they would be 100 MB of 3,000 files.
    """
    for name in (
        "create_incoming_row_checks",
        "create_incoming_submission_checks",
        "create_incoming_problem_checks",
    ):
        store.con.execute(query(name))
    pairs = list(zip(submissions, readings, strict=True))
    files = [_submission(sub, reading) for sub, reading in pairs]
    for start in range(0, len(pairs), _FILES_AT_ONCE):
        portion = pairs[start : start + _FILES_AT_ONCE]
        rows = [
            (sub.submission_id, *row[1:])
            for sub, reading in portion
            if reading.held is None
            for row in reading.rows
        ]
        _insert_rows(store, rows)
        for _, reading in portion:
            reading.rows.clear()
    _insert(store, "incoming_submission", _SUBMISSION_COLUMNS, files)
    problems = [
        (sub.submission_id, number, p.code, p.sheet, p.cell, p.value)
        for sub, reading in pairs
        if reading.held is None
        for number, p in enumerate(reading.problems, 1)
    ]
    _insert(store, "incoming_problem", _PROBLEM_COLUMNS, problems)


def prepare(
    store: Store | Reader,
    submissions: Sequence[SubmissionRow],
    readings: Sequence[Reading],
    *,
    period: str = "",
    template_version: str = "",
    sheets: tuple[str, str] = (FIGURES, PROGRESS),
) -> tuple[DataFrame, DataFrame]:
    """Frames (rows, files) for :func:`checks.run.judge`, for the whole batch at once.

    :param readings: in the order of ``submissions``
    :param period: the cycle being collected; a file for another open cycle is told so. Empty: any
    :param template_version: of the workbooks this version writes; empty: not compared
    :param sheets: what the workbook calls its two sheets: a row that is absent is told of there
    :returns: rows as ``prepare_checks.sql`` and files as ``prepare_file_checks.sql`` describe them
    """
    load(store, submissions, readings)
    store.con.execute(f"SET memory_limit = '{PREPARING_MEMORY_MB}MB'")
    try:
        rows = _prepared(store, {"figures": sheets[0], "progress": sheets[1]})
        files = store.con.execute(
            query("prepare_file_checks"), {"period": period, "template_version": template_version}
        ).df()
    finally:
        # After a failure the connection may refuse all but its end; the failure itself is what must be told.
        with suppress(duckdb.TransactionException):
            store.con.execute("RESET memory_limit")
            store.con.execute("RESET threads")
    return rows, files


def _prepared(store: Store | Reader, named: Mapping[str, Any]) -> DataFrame:
    """Part by part: in the making a row takes some kilobytes, in the frame one."""
    import pandas as pd

    store.con.execute(query("create_incoming_part_checks"), {"rows_at_once": ROWS_AT_ONCE})
    parts: list[DataFrame] = []
    planned = store.rows("list_incoming_parts") or [{"part": 0}]
    # A batch of many parts has filled memory with itself already, and one thread spends less CPU on it.
    store.con.execute(f"SET threads = {_THREADS if len(planned) == 1 else 1}")
    store.con.execute(query("create_incoming_name_checks"))
    names = [(row["text"], fold(row["text"])) for row in store.rows("list_incoming_names")]
    _insert(store, "incoming_name", ("text", "folded"), names)
    for name in ("create_incoming_reporter_checks", "create_incoming_gap_checks"):
        store.con.execute(query(name))
    for part in planned:
        made = store.con.execute(query("prepare_checks"), {**named, **part}).df()
        made["row_no"] += sum(map(len, parts))
        for name in made.columns[made.dtypes == "str"]:
            # Equal texts as one object: the driver makes one a cell, three quarters of the frame's memory.
            codes, texts = pd.factorize(made[name])
            made[name] = texts.array.take(codes, allow_fill=True)
        parts.append(made)
    if len(parts) == 1:
        return parts[0]
    for name in parts[0].columns:
        # Whether a column has gaps, or nothing at all, is seen in one part and not in another.
        kinds = sorted(
            {p[name].dtype for p in parts},
            key=lambda k: (pd.api.types.is_extension_array_dtype(k), str(k) != "object"),
        )
        if len(kinds) > 1:
            for made in parts:
                made[name] = made[name].astype(kinds[-1])
    return pd.concat(parts, ignore_index=True)


def rows_of(store: Store | Reader, ids: Iterable[str]) -> list[tuple[str, str, int]]:
    """(submission_id, sheet, row) of every row these files of the prepared batch hold."""
    wanted = sorted(ids)
    if not wanted:
        return []
    found = store.rows("list_checks_rows", {"ids": wanted})
    return [(r["submission_id"], r["sheet"], r["row"]) for r in found]


def release(store: Store | Reader) -> None:
    """Drops the batch's temporary tables; call when its facts have been written."""
    store.con.execute(query("drop_incoming_checks"))


def _submission(sub: SubmissionRow, reading: Reading) -> tuple[Any, ...]:
    unit = reading.unit_code if reading.unit_code.text else reading.unit_name
    if sub.code_unit in (None, sub.unit) and sub.name_unit not in (None, sub.unit):
        unit = reading.unit_name
    return (
        sub.submission_id, sub.unit, sub.period, sub.received_at,
        reading.unit_name.text, sub.name_unit, reading.unit_code.text, sub.code_unit, unit.sheet, unit.cell,
        reading.period.text, reading.period.sheet, reading.period.cell,
        reading.plan_hash, reading.template_version,
        None if reading.held is None else str(reading.held), reading.held_detail, reading.kind, len(reading.rows),
    )  # fmt: skip


def _insert_rows(store: Store | Reader, rows: Sequence[tuple[Any, ...]]) -> None:
    """Through a frame: four times as fast as list parameters, and the checks load pandas anyway."""
    if not rows:
        return
    import pandas as pd

    columns = dict(zip(ROW_COLUMNS, zip(*rows, strict=True), strict=True))
    series = {
        name: pd.Series(values, dtype="float64" if name in _FIGURES else "object")
        for name, values in columns.items()
    }
    # 0: object columns are text, whatever a sample of them would suggest; INSERT casts to the table's types.
    store.con.execute("SET pandas_analyze_sample = 0")
    store.con.register("incoming_frame", pd.DataFrame(series))
    try:
        store.con.execute(query("insert_incoming_rows_checks"))
    finally:
        store.con.unregister("incoming_frame")
        store.con.execute("RESET pandas_analyze_sample")


def _insert(store: Store | Reader, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        insert_rows(store.con, table, columns, rows)
