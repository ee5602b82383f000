"""What the site's pages are filled with: plain frozen records, named as the mart names its columns.

Belongs here: the records of overview, indicator, quarter, unit list, actions and search. Does not: the
通报 and a unit's own page (templates.published), the data-quality pages (templates.quality), markup.
Percentages are numbers of per cent; None means undefined and is shown as a dash.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from templates.published import LightCounts

# Newest first, as many revisions as a page can carry; the rest is counted and lies in the data files.
REVISIONS_MAX = 2000
STATES = ("已完成", "推进中", "未启动", "")  # "": nobody has told


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of mart.attainment."""

    period: str
    indicator: str
    unit: str
    unit_name: str
    scope: str
    baseline: float | None
    target_kind: str
    target_low: float | None
    target_high: float | None
    actual: float | None
    coverage: str | None
    attainment_pct: float | None
    met: bool | None
    progress_pct: float | None
    expected_pct: float | None
    gap_pp: float | None
    light: str
    required_per_quarter: float | None
    projected_2020: float | None
    projected_low: float | None
    projected_high: float | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Revision:
    """One row of mart.observation_history with the file and cell it came from; ``stands``: nothing newer."""

    indicator: str
    period: str
    unit: str
    unit_name: str
    revision: int
    value: float | None
    numerator: float | None
    denominator: float | None
    state: str | None
    status: str  # reported, nil, missing (taken back by the coordinator)
    reason: str
    remark: str | None
    sheet: str | None
    cell: str | None
    accepted_at: datetime
    stands: bool
    receipt_no: str | None
    file_name: str | None
    sha256: str | None
    of: int  # how many this indicator has in all

    @property
    def anchor(self) -> str:
        """Where ``explain`` and other pages link to: period and unit, and the revision while it is not the last."""
        return f"{self.period}-{self.unit}" if self.stands else f"{self.period}-{self.unit}-r{self.revision}"


@dataclass(frozen=True, slots=True)
class Standing:
    """One reporter on an indicator's page: what stands in the latest quarter, and its own target's light."""

    unit: str
    unit_name: str
    revision: Revision | None  # None: still owed
    figure: Figure | None  # None: no target binds this unit by itself

    @property
    def value(self) -> float | None:
        """The figure compared: the assessed one where there is one, else what was reported."""
        if self.figure is not None and self.figure.actual is not None:
            return self.figure.actual
        return self.revision.value if self.revision is not None else None


@dataclass(frozen=True)
class IndicatorEntry:
    """One indicator in lists: what the register says, and where it stands in the latest quarter."""

    indicator: str
    name: str
    domain: str | None
    domain_name: str
    clause: str
    unit_label: str
    definition: str
    measure: str
    accumulation: str
    direction: str
    wording: str
    aspirational: bool
    reporters: tuple[tuple[str, str], ...]  # (code, name)
    milestones: tuple[tuple[int, float], ...]  # (year, value)
    figures: tuple[Figure, ...]  # the city's, oldest first; of a plan of several cities those of each
    states: tuple[str, ...] = ()  # milestones: what the reporters say in the latest quarter

    @property
    def current(self) -> Figure | None:
        return self.figures[-1] if self.figures else None

    @property
    def light(self) -> str:
        return self.figures[-1].light if self.figures else "none"

    @property
    def state(self) -> str:
        """One reporter's word, or how many of several are done; empty for indicators with numbers."""
        if len(self.states) == 1:
            return self.states[0]
        return f"{self.states.count('已完成')}/{len(self.states)}" if self.states else ""


@dataclass(frozen=True)
class IndicatorView:
    """An indicator's own page."""

    period: str
    entry: IndicatorEntry
    standings: tuple[Standing, ...]
    cities: tuple[Figure, ...]  # other areas of the latest quarter, for plans that span several
    revisions: tuple[Revision, ...]
    revisions_left: int  # older ones that did not fit
    owing: tuple[tuple[str, str, str], ...]  # (period, unit, name)
    charts: tuple[Chart, ...]
    before: tuple[str, str] | None  # (code, name) of the neighbours in the register
    after: tuple[str, str] | None
    unit_pages: frozenset[str]  # units that have a page for the latest quarter

    @property
    def rows(self) -> tuple[Figure, ...]:
        """Newest first."""
        return self.entry.figures[::-1]

    @property
    def compared(self) -> tuple[Standing, ...]:
        """Best first where higher is better, lowest first where lower is; who owes comes last."""
        down = self.entry.direction == "down"
        return tuple(
            sorted(
                self.standings,
                key=lambda s: (s.value is None, 0.0 if s.value is None else s.value if down else -s.value),
            )
        )


@dataclass(frozen=True)
class Chart:
    """One picture: ``option`` for the chart library, ``label`` the same in words for those who do not see it."""

    name: str
    title: str
    label: str
    option: dict[str, Any]
    height: str = "m"  # s, m, l or xl


@dataclass(frozen=True)
class DomainCard:
    domain: str  # empty: plan-wide
    name: str
    counts: LightCounts
    score_pct: float | None
    scored: int
    weights: str | None
    excluded: str | None
    indicators: tuple[IndicatorEntry, ...]


@dataclass(frozen=True)
class PeriodLine:
    """One assessed quarter as a whole."""

    period: str
    as_of: datetime
    due_at: datetime
    grace_until: datetime
    published_at: datetime | None
    score_pct: float | None
    scored: int
    domains: int
    expected: int
    accepted: int
    timely: int
    completeness_pct: float | None
    timeliness_pct: float | None
    quality_pct: float | None
    counts: LightCounts
    has_report: bool
    has_quality: bool


@dataclass(frozen=True)
class RateLine:
    """One unit in one quarter: mart.reporting_rate, its standing in mart.unit_rank, its latest file."""

    period: str
    unit: str
    name: str
    expected: int
    accepted: int
    timely: int
    completeness_pct: float | None
    timeliness_pct: float | None
    quality_pct: float | None
    rank: int | None
    attainment_pct: float | None
    figures: int | None
    attainment_rank: int | None
    due_at: datetime | None
    is_extended: bool | None
    files: int
    sent_back: int
    last_received_at: datetime | None
    last_status: str
    last_findings: int
    is_late: bool
    has_page: bool

    @property
    def owed(self) -> int:
        return self.expected - self.accepted

    @property
    def colour(self) -> str:
        """As a light: all in time, all but late, something owed, nothing given."""
        if not self.expected:
            return "none"
        if self.timely == self.expected:
            return "green"
        return "yellow" if self.accepted == self.expected else "red"


@dataclass(frozen=True)
class OverviewView:
    """The site's first page."""

    period: str
    as_of: datetime
    now: PeriodLine
    previous_counts: LightCounts | None
    domains: tuple[DomainCard, ...]
    behind: tuple[IndicatorEntry, ...]
    late: tuple[RateLine, ...]
    periods: tuple[PeriodLine, ...]  # newest first
    charts: tuple[Chart, ...]

    @property
    def changed(self) -> tuple[tuple[IndicatorEntry, str], ...]:
        """Indicators whose light is another than a quarter ago, with the light of then."""
        pairs = [(i, i.figures[-2].light) for d in self.domains for i in d.indicators if len(i.figures) > 1]
        return tuple((i, was) for i, was in pairs if was != i.light)


@dataclass(frozen=True)
class QuarterView:
    now: PeriodLine
    rates: tuple[RateLine, ...]
    charts: tuple[Chart, ...]
    before: str | None
    after: str | None

    @property
    def period(self) -> str:
        return self.now.period

    @property
    def late(self) -> tuple[RateLine, ...]:
        return tuple(r for r in self.rates if r.is_late)

    @property
    def owing(self) -> tuple[RateLine, ...]:
        """Still within the deadline, not yet complete."""
        return tuple(r for r in self.rates if r.owed and not r.is_late)


@dataclass(frozen=True)
class UnitsView:
    """All units: the latest quarter, and every quarter as one mark."""

    period: str
    rates: tuple[RateLine, ...]
    periods: tuple[str, ...]  # oldest first
    marks: dict[str, tuple[RateLine | None, ...]]  # by unit, one a period


@dataclass(frozen=True)
class ProgressLine:
    """One row of mart.progress with the file and cell it came from."""

    item: str
    period: str
    unit: str
    unit_name: str
    role: str
    is_owed: bool
    state: str | None
    status: str
    remark: str | None
    evidence: str | None
    revision: int | None
    sheet: str | None
    cell: str | None
    file_name: str | None
    receipt_no: str | None


@dataclass(frozen=True)
class ActionEntry:
    """One action or safeguard: who leads, what stands in the latest quarter, and the lead's word quarter by quarter."""

    code: str
    name: str
    kind: str  # action or safeguard
    domain_name: str
    clause: str
    lead: ProgressLine | None
    lead_name: str
    others: tuple[ProgressLine, ...]  # contributing units that said something
    silent: tuple[str, ...]  # contributing units that did not
    history: tuple[tuple[str, str], ...]  # (period, state) of the lead, oldest first

    @property
    def state(self) -> str:
        return (self.lead.state or "") if self.lead else ""


@dataclass(frozen=True)
class ActionsView:
    period: str
    actions: tuple[tuple[str, tuple[ActionEntry, ...]], ...]  # by domain name
    safeguards: tuple[ActionEntry, ...]
    charts: tuple[Chart, ...]

    def count(self, state: str) -> int:
        entries = (*self.safeguards, *(e for _, group in self.actions for e in group))
        return sum(e.state == state for e in entries)


@dataclass(frozen=True)
class SearchEntry:
    kind: str  # indicator, unit, action, safeguard, quarter
    code: str
    name: str
    about: str
    href: str


@dataclass(frozen=True)
class SearchView:
    period: str
    entries: tuple[SearchEntry, ...]


@dataclass(frozen=True)
class IndicatorsView:
    period: str
    domains: tuple[DomainCard, ...]
