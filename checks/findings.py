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
    """One judgement. ``cell`` is A1 style (or a range); empty sheet and cell mean the whole file."""

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


@dataclass(frozen=True)
class RuleRun:
    """How one rule fared over one batch; ``state`` is checked or not_checked (an exception inside it)."""

    rule: str
    rows_checked: int
    rows_failed: int
    seconds: float
    state: str
    engine: str
