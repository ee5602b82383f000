"""What the 通报 is filled with: plain frozen records, named as the mart names its columns.

Percentages are numbers of per cent (73.0 is 73 %); None means undefined, shown as a dash with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

_Row = TypeVar("_Row")

# Word and PDF fold longer tables; the page has every row.
PAPER_STANDINGS = 10  # units of one indicator
PAPER_LINES = 50  # indicators in one table
PAPER_RANKS = 100  # units of the ranking: half from its top, half from its end


@dataclass(frozen=True)
class LightCounts:
    """How many indicators stand where."""

    met: int = 0
    green: int = 0
    yellow: int = 0
    red: int = 0
    none: int = 0

    @property
    def total(self) -> int:
        return self.met + self.green + self.yellow + self.red + self.none

    def of(self, light: str) -> int:
        return int(getattr(self, light))


@dataclass(frozen=True)
class ReturnLine:
    """Files the coordinator sent back for one reason."""

    label: str  # the reason, in the language of the report
    files: int
    units: int


@dataclass(frozen=True)
class DomainLine:
    """One domain; ``score_pct`` is the weighted mean of capped progress over ``scored`` indicators."""

    domain: str
    name: str
    counts: LightCounts
    score_pct: float | None = None
    scored: int = 0


@dataclass(frozen=True)
class TrajectoryPoint:
    """One quarter of one indicator: progress reached and expected, in per cent of the way to the target."""

    period: str
    progress_pct: float | None
    expected_pct: float | None
    actual: float | None = None
    light: str = "none"


@dataclass(frozen=True, slots=True)
class UnitResult:
    """One unit's standing on an indicator whose target binds every unit."""

    unit: str
    unit_name: str
    actual: float | None
    attainment_pct: float | None
    progress_pct: float | None
    light: str
    note: str | None = None


@dataclass(frozen=True)
class IndicatorLine:
    """One city-level row of mart.attainment with the names people need."""

    indicator: str
    name: str  # with the city's before it where a plan spans several
    domain: str | None
    domain_name: str | None
    unit_label: str
    wording: str  # the target in the notice's words
    target_kind: str
    actual: float | None
    light: str
    coverage: str | None = None
    state: str | None = None  # milestones: the reported state; of several reporters how many say which
    baseline: float | None = None
    attainment_pct: float | None = None
    met: bool | None = None
    progress_pct: float | None = None
    expected_pct: float | None = None
    gap_pp: float | None = None
    required_per_quarter: float | None = None
    projected_2020: float | None = None
    projected_low: float | None = None
    projected_high: float | None = None
    note: str | None = None
    aspirational: bool = False
    previous_actual: float | None = None
    previous_state: str | None = None
    previous_light: str | None = None
    points: tuple[TrajectoryPoint, ...] = ()
    units: tuple[UnitResult, ...] = ()
    place: str = ""  # code of the city where a plan spans several

    @property
    def paper_units(self) -> tuple[UnitResult, ...]:
        """``units`` as a printed table holds them: all, or those furthest behind."""
        return _fitting(self.units, PAPER_STANDINGS, _standing)


@dataclass(frozen=True)
class UnitLine:
    """One row of mart.reporting_rate, with the name and what is still owed."""

    unit: str
    name: str
    expected: int
    accepted: int
    completeness_pct: float | None
    timeliness_pct: float | None
    quality_pct: float | None
    rank: int | None
    is_late: bool = False
    owed_count: int = 0
    timeliness_rank: int | None = None
    completeness_rank: int | None = None
    quality_rank: int | None = None
    attainment_pct: float | None = None  # mean progress of the figures it alone answers for
    attainment_rank: int | None = None
    overall_rank: int | None = None  # by timeliness, completeness, quality, attainment in turn


@dataclass(frozen=True)
class QualityLine:
    """Findings of one rule: how many, from how many units. ``title`` is the rule in Chinese."""

    rule: str
    title: str
    severity: str
    findings: int
    units: int


@dataclass(frozen=True)
class ExplanationLine:
    unit_name: str
    name: str
    remark: str


@dataclass(frozen=True)
class RestatementLine:
    """A figure, or only its standing, that is other now than when its quarter was published."""

    period: str
    unit_name: str
    name: str
    old_value: float | None
    new_value: float | None
    unit_label: str
    reason: str
    old_light: str = "none"
    new_light: str = "none"
    old_progress_pct: float | None = None
    new_progress_pct: float | None = None

    @property
    def is_standing_only(self) -> bool:
        """The value is as published, light or progress is not."""
        return self.old_value == self.new_value


@dataclass(frozen=True)
class BacktestLine:
    """How projections made ``horizon`` quarters ahead compare with what came, over all city figures."""

    horizon: int
    projections: int
    median_error_pct: float | None
    within_pct: float | None  # how many lay within the interval


@dataclass(frozen=True)
class SummaryView:
    """Everything the 通报 says; mail and page are drawn from this one record, so their numbers agree."""

    period: str
    previous_period: str
    as_of: datetime
    due_at: datetime
    counts: LightCounts
    previous_counts: LightCounts | None
    domains: tuple[DomainLine, ...]
    indicators: tuple[IndicatorLine, ...]
    units: tuple[UnitLine, ...]
    expected: int
    accepted: int
    completeness_pct: float | None
    timeliness_pct: float | None
    quality_pct: float | None
    quality: tuple[QualityLine, ...] = ()
    explanations: tuple[ExplanationLine, ...] = ()
    restatements: tuple[RestatementLine, ...] = ()
    backtest: tuple[BacktestLine, ...] = ()
    returns: tuple[ReturnLine, ...] = ()
    not_checked: tuple[str, ...] = ()  # rules that could not run, in Chinese
    page_url: str = ""  # where the full report lies; shown as text

    @property
    def behind(self) -> tuple[IndicatorLine, ...]:
        """Red first, then yellow, the widest gap first."""
        lines = [i for i in self.indicators if i.light in ("red", "yellow")]
        return tuple(sorted(lines, key=_urgency))

    @property
    def paper_behind(self) -> tuple[IndicatorLine, ...]:
        return _fitting(self.behind, PAPER_LINES, _urgency)

    @property
    def by_domain(self) -> tuple[tuple[str, tuple[IndicatorLine, ...]], ...]:
        """Indicators under the name of their domain (empty: plan-wide), in the order they first appear."""
        groups: dict[str, list[IndicatorLine]] = {}
        for line in self.indicators:
            groups.setdefault(line.domain_name or "", []).append(line)
        return tuple((name, tuple(lines)) for name, lines in groups.items())

    @property
    def paper_by_domain(
        self,
    ) -> tuple[tuple[str, tuple[IndicatorLine, ...], tuple[IndicatorLine, ...]], ...]:
        """``by_domain`` with what a printed table holds: name, lines shown, all lines."""
        return tuple((name, _fitting(lines, PAPER_LINES, _urgency), lines) for name, lines in self.by_domain)

    @property
    def undefined(self) -> tuple[IndicatorLine, ...]:
        return tuple(i for i in self.indicators if i.light == "none")

    @property
    def paper_undefined(self) -> tuple[IndicatorLine, ...]:
        return _fitting(self.undefined, PAPER_LINES, _urgency)

    @property
    def changed(self) -> tuple[IndicatorLine, ...]:
        """Indicators whose light differs from last quarter's."""
        return tuple(i for i in self.indicators if i.previous_light and i.previous_light != i.light)

    @property
    def paper_changed(self) -> tuple[IndicatorLine, ...]:
        return _fitting(self.changed, PAPER_LINES, _urgency)

    @property
    def late(self) -> tuple[UnitLine, ...]:
        """Not complete by their own deadline; before it nobody is late."""
        return tuple(u for u in self.units if u.is_late)

    @property
    def paper_units(self) -> tuple[UnitLine, ...]:
        """``units`` as a printed table holds them: all, or the first and the last of those that have a rank."""
        if len(self.units) <= PAPER_RANKS:
            return self.units
        ranked = [u for u in self.units if u.rank is not None]
        return tuple(ranked[: PAPER_RANKS // 2] + ranked[PAPER_RANKS // 2 :][-PAPER_RANKS // 2 :])


def _fitting(rows: tuple[_Row, ...], most: int, key: Callable[[_Row], tuple[int, float]]) -> tuple[_Row, ...]:
    """The rows of a printed table: all as they stand, or the ``most`` that are furthest behind."""
    return rows if len(rows) <= most else tuple(sorted(rows, key=key)[:most])


_ORDER = ("red", "yellow", "green", "met", "none")


def _urgency(line: IndicatorLine) -> tuple[int, float]:
    return _ORDER.index(line.light), -(line.gap_pp or 0.0)


def _standing(unit: UnitResult) -> tuple[int, float]:
    """Furthest behind first; what cannot be judged last."""
    return _ORDER.index(unit.light), unit.progress_pct or 0.0
