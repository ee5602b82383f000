"""The plan register: what the notice fixes (domains, actions, safeguards, indicators, targets).

Belongs here: the definitions and their validation. Does not: facts (warehouse), reading files
(config.register), the clock, arithmetic on figures.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints, field_validator, model_validator

from config.calendar import Cadence, cadence_of
from config.texts import Name

Code = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,39}\z")]
Period = Annotated[str, StringConstraints(pattern=r"\A[0-9]{4}-(Q[1-4]|A1)\z")]
Number = Annotated[float, Strict()]  # neither true nor "80" is a number


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TargetKind(StrEnum):
    """When a target counts as met; method.md lists the formula of each kind."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    RANGE = "range"
    REDUCTION = "reduction"
    FULL_COVERAGE = "full_coverage"
    MILESTONE = "milestone"
    UNSPECIFIED = "unspecified"

    @property
    def is_quantified(self) -> bool:
        return self not in (TargetKind.MILESTONE, TargetKind.UNSPECIFIED)


class Target(_Entry):
    """A target value for the plan's end, as the notice words it.

    ``low``/``high`` are in the indicator's unit; ``at_most`` uses ``high``; ``reduction`` states the
    cumulative drop in per cent in ``low`` (16 for 下降16%). ``strict`` is 超过 (>), else 达/以上 (>=).
    """

    kind: TargetKind
    low: Number | None = None
    high: Number | None = None
    strict: bool = False
    aspirational: bool = False  # 力争
    wording: str  # the notice's own words


class Measure(StrEnum):
    """How a cell of the indicator is written."""

    AMOUNT = "amount"  # 亿元 and other continuous units
    COUNT = "count"  # 个, 家: whole numbers
    PERCENT = "percent"  # 73 means 73 %
    STATE = "state"  # 未启动, 推进中, 已完成


class Accumulation(StrEnum):
    LEVEL = "level"  # 时点: the state at the quarter's end
    YTD = "ytd"  # 年度累计: cumulative within the year
    CUMULATIVE = "cumulative"  # 累计: since the plan began


class Indicator(_Entry):
    code: Code
    name: Name
    clause: str  # where the notice says so, for example 一(一) or 二(五)互联网+物流平台
    domain: Code | None = None  # None: plan-wide (part 一)
    action: Code | None = None
    measure: Measure
    unit_label: str  # 计量单位 as printed in the workbook, for example 亿元, %, 家, 状态
    definition: str  # 口径
    accumulation: Accumulation = Accumulation.LEVEL
    direction: Literal["up", "down"] = "up"
    scope: Literal["city", "unit"] = "city"  # unit: the target binds every reporter (各县(市、区))
    rollup: Literal["single", "sum", "ratio", "mean"] = "single"
    needs_parts: bool = False  # numerator and denominator are owed too
    reporters: tuple[Code, ...]  # unit codes that owe the figure
    assigned: bool = False  # the register, not the notice, names the reporter
    target: Target
    baseline: Number | None = None
    baseline_period: Period = "2015-Q4"  # left out: the plan's start_period
    yearly_milestones: dict[int, Number] = Field(default_factory=dict)
    weight: Number = Field(default=1.0, ge=0)
    lower_limit: Number | None = None  # what a sensible cell lies within
    upper_limit: Number | None = None
    reports_drop: bool = False  # reduction: the unit reports the cumulative drop in % itself


class Action(_Entry):
    code: Code
    name: Name
    domain: Code
    clause: str
    units: tuple[Code, ...]  # as named in the notice; the first one leads

    @property
    def lead_unit(self) -> str:
        return self.units[0]


class Safeguard(_Entry):
    code: Code
    name: Name
    clause: str
    units: tuple[Code, ...]

    @property
    def lead_unit(self) -> str:
        return self.units[0]


class Domain(_Entry):
    code: Code
    name: Name
    clause: str
    weight: Number = Field(default=1.0, ge=0)


class UnitTarget(_Entry):
    """A target or baseline of one unit that differs from the indicator's own (``targets.csv``)."""

    indicator: Code
    unit: Code
    low: Number | None = None
    high: Number | None = None
    baseline: Number | None = None


class Plan(_Entry):
    plan_id: Code
    name: Name
    source: str
    cadence: Cadence = Cadence.QUARTERLY  # its periods are quarters (2019-Q3) or years (2019-A1)
    start_period: Period = "2015-Q4"
    end_period: Period = "2020-Q4"
    city: Code  # code of the area whose targets these are
    city_name: Name
    domains: tuple[Domain, ...]
    actions: tuple[Action, ...]
    safeguards: tuple[Safeguard, ...]
    indicators: tuple[Indicator, ...]
    unit_targets: tuple[UnitTarget, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _baselines_stand_at_the_start(cls, data: Any) -> Any:
        """An indicator that does not say when its baseline was taken has it from the plan's start."""
        start = data.get("start_period") if isinstance(data, dict) else None
        listed = data.get("indicators") if start is not None else None
        if not isinstance(listed, list | tuple):
            return data
        filled = [{"baseline_period": start, **i} if isinstance(i, dict) else i for i in listed]
        return {**data, "indicators": filled}

    @property
    def end_year(self) -> int:
        return int(self.end_period[:4])

    def covers(self, period: str) -> bool:
        """Whether ``period`` is one that this plan reports: of its cadence, from its start to its end."""
        return cadence_of(period) is self.cadence and self.start_period <= period <= self.end_period

    @field_validator("unit_targets", mode="before")
    @classmethod
    def _none_is_empty(cls, value: object) -> object:
        return () if value is None else value  # "unit_targets:" with nothing after it
