"""What a check says about one cell, one row or one file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One judgement. ``cell`` is A1 style (or a range); empty sheet and cell mean the whole file.

    A folded finding covers several rows: then ``indicator`` is None and ``items``, ``rows`` and
    ``cells`` list them in sheet order. ``items`` is empty for a finding about the whole file.
    """

    submission_id: str
    unit: str
    period: str | None
    severity: Severity
    rule: str
    sheet: str
    cell: str
    indicator: str | None
    value: str
    message: str  # Chinese: what was found, what is expected, what to do
    items: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()  # row numbers in the sheet
    cells: tuple[str, ...] = ()  # every single cell of a range


@dataclass(frozen=True)
class RuleRun:
    """How one rule fared over one batch.

    ``state``: ``checked``; ``no_rows`` (nothing to apply it to: not a pass); ``not_checked`` (an
    exception inside it, or a failure without rows). ``rows_checked`` counts rows it applied to.
    """

    rule: str
    rows_checked: int
    rows_failed: int
    seconds: float
    state: str
    engine: str
