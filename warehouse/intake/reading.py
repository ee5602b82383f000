"""The shape of what intake hands on: one Reading a file, flat rows in a fixed column order.

Rows are plain tuples so that thousands of files travel from the child process into DuckDB column by
column; :data:`ROW_COLUMNS` names their places.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class CellState(StrEnum):
    """What a cell that should hold a figure turned out to be."""

    NUMBER = "number"
    BLANK = "blank"  # nothing, 空格, —, 无: missing
    TEXT = "text"  # words where a number belongs
    AMBIGUOUS = "ambiguous"  # 约1000, 1000-1200, 1,23: never guessed
    WRONG_UNIT = "wrong_unit"  # a unit that cannot be converted into the row's
    ERROR = "error"  # #DIV/0! and the like
    FORMULA = "formula"  # a formula without a stored value
    STATE = "state"  # a recognised 未启动/推进中/已完成


class HeldReason(StrEnum):
    """Why a file could not be read safely; the message catalogue has the Chinese for each."""

    NOT_REGULAR = "not_regular"  # link, device, FIFO, more than one name
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    BAD_NAME = "bad_name"
    UNKNOWN_KIND = "unknown_kind"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    BOMB = "bomb"
    ACTIVE_CONTENT = "active_content"  # macros, external links, DOCTYPE
    CRASHED = "crashed"  # the reader process died or ran out of its limits
    BAD_ENCODING = "bad_encoding"
    NOT_OURS = "not_ours"  # readable, but not our template at all


@dataclass(frozen=True)
class Landing:
    """A byte-exact copy of one upload, named by its hash; only this copy is ever parsed."""

    path: Path
    sha256: str
    unit: str  # the drop folder
    file_name: str  # as the folder showed it, cleaned for display
    size_bytes: int
    modified_at: float  # POSIX seconds


@dataclass(frozen=True)
class Claim:
    """What the file says of itself, and in which cell."""

    text: str = ""
    sheet: str = ""
    cell: str = ""


@dataclass(frozen=True)
class LayoutProblem:
    """Readable, but not the layout: code names the message in the catalogue."""

    code: str  # header_missing, column_missing, rows_mismatch, end_row_missing, sheets_disagree, template_old ...
    sheet: str = ""
    cell: str = ""
    value: str = ""


# One row of the sheet. item_kind is "indicator" (填报表) or "action" (工作进展).
ROW_COLUMNS = (
    "submission_id", "sheet", "row", "item", "item_kind", "item_cell", "unit_label", "unit_label_cell",
    "value_text", "value", "value_state", "value_cell",
    "numerator_text", "numerator", "numerator_state", "numerator_cell",
    "denominator_text", "denominator", "denominator_state", "denominator_cell",
    "state", "nil_text", "is_nil", "nil_cell", "remark", "remark_cell", "evidence", "value_unit",
    "item_name",
)  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """One file, read. ``held`` set: nothing of it may be used."""

    sha256: str
    kind: str  # xlsx, xlsm, xls, ods, et, csv, unknown
    held: HeldReason | None = None
    held_detail: str = ""
    unit_name: Claim = Claim()
    unit_code: Claim = Claim()
    period: Claim = Claim()
    plan_id: str = ""
    plan_hash: str = ""
    template_version: str = ""
    problems: tuple[LayoutProblem, ...] = ()
    rows: list[tuple[Any, ...]] = field(default_factory=list)  # submission_id is "" here; facts fills it
