"""What a unit's own page is filled with: its figures, its files, what it owes.

Percentages are numbers of per cent; None means undefined.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from templates.letters import FindingLine
from templates.published import UnitLine


@dataclass(frozen=True, slots=True)
class UnitFigureLine:
    """One obligation of one unit: what it reported, last quarter's, and how that stands.

    ``light`` is the unit's own where the target binds every unit; else None, and ``city_light`` is the city's.
    """

    item: str
    item_kind: str  # indicator, action or safeguard
    name: str
    unit_label: str
    is_owed: bool
    is_reported: bool
    value: float | None = None
    state: str | None = None
    is_nil: bool = False
    remark: str | None = None
    previous_value: float | None = None
    previous_state: str | None = None
    wording: str | None = None
    light: str | None = None
    attainment_pct: float | None = None
    progress_pct: float | None = None
    expected_pct: float | None = None
    gap_pp: float | None = None
    required_per_quarter: float | None = None
    note: str | None = None
    city_light: str | None = None


@dataclass(frozen=True)
class UnitFileLine:
    """One file of the unit and its latest verdict."""

    file_name: str
    receipt_no: str
    received_at: datetime
    status: str
    reason: str | None
    timely: bool | None
    errors: int
    warnings: int


@dataclass(frozen=True)
class UnitPageView:
    """A unit's own page: its figures, its standing, its files, what it owes and when the next is due."""

    period: str
    unit: str
    unit_name: str
    as_of: datetime
    due_at: datetime
    grace_until: datetime
    rate: UnitLine
    units_ranked: int  # how many units have a rank
    figures: tuple[UnitFigureLine, ...] = ()
    files: tuple[UnitFileLine, ...] = ()
    findings: tuple[FindingLine, ...] = ()  # of the latest file
    next_period: str | None = None  # None: the plan ends with this one
    next_due_at: datetime | None = None
    next_is_provisional: bool = False  # no official working-day calendar yet

    @property
    def indicators(self) -> tuple[UnitFigureLine, ...]:
        return tuple(f for f in self.figures if f.item_kind == "indicator")

    @property
    def tasks(self) -> tuple[UnitFigureLine, ...]:
        """Actions and safeguards."""
        return tuple(f for f in self.figures if f.item_kind != "indicator")

    @property
    def own(self) -> tuple[UnitFigureLine, ...]:
        """Indicators whose target binds this unit itself."""
        return tuple(f for f in self.indicators if f.light is not None)

    @property
    def missing(self) -> tuple[UnitFigureLine, ...]:
        return tuple(f for f in self.figures if f.is_owed and not f.is_reported)

    @property
    def returned(self) -> tuple[UnitFileLine, ...]:
        return tuple(f for f in self.files if f.status in ("returned", "quarantined"))
