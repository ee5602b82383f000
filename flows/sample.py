"""Sample uploads: made-up figures for every unit of any register, and the mishaps of an ordinary quarter.

The figures are invented. They follow from codes and quarters alone, so that every demo is the same;
nobody's real performance is described.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from openpyxl import load_workbook

from config.calendar import Cadence, period_end, period_index, previous_period
from config.language import CHINESE, N_, Language, language
from config.plan import Accumulation, Indicator, Measure, TargetKind
from config.register import Config
from templates.workbook import Filled, WorkbookSpec, upload_workbook

# Cumulative share of a year's total by quarter: business is slow in winter.
_SEASON = (0.21, 0.45, 0.70, 1.0)
_PROGRESS_TEXT = (
    N_("已印发年度工作安排"), N_("正按计划推进，阶段任务完成"), N_("已完成年度任务并通过验收"),
)  # fmt: skip


def chance(*parts: str) -> float:
    """A number in 0..1 that depends on ``parts`` alone."""
    digest = hashlib.sha256("|".join(parts).encode()).digest()
    return int.from_bytes(digest[:6], "big") / float(1 << 48)


def figures(config: Config, unit: str, period: str) -> dict[str, Filled]:
    """What the clerk of ``unit`` writes for ``period``, by item code."""
    mine = [o for o in config.obligations() if o.unit == unit]
    filled = {
        o.item: figure(config, config.indicator(o.item), unit, period)
        for o in mine
        if o.item_kind == "indicator"
    }
    # A unit that only contributes still tells of its part in two actions.
    progress = [o.item for o in mine if o.item_kind != "indicator" and o.is_owed]
    progress = progress or [o.item for o in mine if not o.is_owed][:2]
    return filled | {item: _progress(item, config, period) for item in progress}


def figure(config: Config, indicator: Indicator, unit: str, period: str) -> Filled:
    """One made-up cell: on its way from a low start to the target at the unit's own pace."""
    elapsed = _elapsed(config, period)
    pace = 0.62 + 0.63 * chance(indicator.code, unit)
    if indicator.measure is Measure.STATE:
        return _state(pace * elapsed, _say(config))
    if indicator.measure is Measure.PERCENT:
        return _percent(indicator, unit, _level(indicator, pace, elapsed), period)
    level = _level(indicator, pace, elapsed)
    if indicator.accumulation is Accumulation.YTD:
        # The year's total is what the pace says for its end; the quarter has the season's share of it.
        level = (
            _level(indicator, pace, _elapsed(config, f"{period[:4]}-Q4")) * _SEASON[period_index(period) % 4]
        )
    return Filled(float(int(level)) if indicator.measure is Measure.COUNT else round(level, 2))


def baselines(config: Config) -> str:
    """Made-up baselines as targets.csv, for two indicators in three: the notice gives none, an office has some.

    The rest stays without, so that the report also shows what an undefined figure looks like.
    """
    lines = ["indicator,unit,baseline"]
    for n, i in enumerate(config.plan.indicators):
        if not i.target.kind.is_quantified or i.target.kind is TargetKind.REDUCTION or n % 3 == 2:
            continue
        start = _level(i, 0.0, 0.0)
        value = int(start) if i.measure is Measure.COUNT else round(start, 1)
        of = [config.plan.city, *(i.reporters if i.scope == "unit" else ())]
        lines += [f"{i.code},{unit},{value}" for unit in of]
    return "\n".join(lines) + "\n"


def workbook(spec: WorkbookSpec, filled: Mapping[str, Filled]) -> bytes:
    """The unit's own workbook as the clerk saved it."""
    return upload_workbook(spec, filled)


def as_csv(workbook_bytes: bytes, encoding: str = "gb18030", say: Language = CHINESE) -> bytes:
    """The 填报表 sheet saved as CSV, as Excel on a Chinese Windows does."""
    sheet = load_workbook(io.BytesIO(workbook_bytes), read_only=True)[say("填报表")]
    text = io.StringIO()
    writer = csv.writer(text)
    for row in sheet.iter_rows(values_only=True):
        writer.writerow(["" if v is None else v for v in row])
    return text.getvalue().encode(encoding)


def with_text(filled: Mapping[str, Filled], item: str, text: str) -> dict[str, Filled]:
    """The same sheet with words where a number belongs."""
    return dict(filled) | {item: replace(filled[item], value=text)}


def with_blank(filled: Mapping[str, Filled], item: str) -> dict[str, Filled]:
    return dict(filled) | {item: Filled()}


def with_nil(filled: Mapping[str, Filled], item: str, say: Language = CHINESE) -> dict[str, Filled]:
    return dict(filled) | {item: Filled(nil="是", remark=say("本季度无此项业务"))}


def with_factor(filled: Mapping[str, Filled], item: str, factor: float) -> dict[str, Filled]:
    """A figure off by a factor: a jump that asks for an explanation, or 万元 written for 亿元."""
    value = filled[item].value
    assert isinstance(value, float)
    return dict(filled) | {item: replace(filled[item], value=round(value * factor, 2))}


def earlier_periods(period: str, count: int = 3) -> list[str]:
    """The periods before ``period``, oldest first."""
    return [previous_period(period, n) for n in range(count, 0, -1)]


def _say(config: Config) -> Language:
    return language(config.settings.locale, config.plan.cadence is Cadence.YEARLY)


def _elapsed(config: Config, period: str) -> float:
    start, end = period_end(config.plan.start_period), period_end(config.plan.end_period)
    return (period_end(period) - start).days / (end - start).days


def _level(indicator: Indicator, pace: float, elapsed: float) -> float:
    target = indicator.target
    goal = target.low if target.low is not None else target.high
    if target.kind is TargetKind.FULL_COVERAGE:
        goal = 100.0
    if target.kind is TargetKind.UNSPECIFIED or goal is None:
        goal = 6.0
    if target.kind is TargetKind.AT_MOST:
        return goal * (1.18 - 0.19 * pace * elapsed)
    if target.kind is TargetKind.REDUCTION:
        return goal * pace * elapsed if indicator.reports_drop else 100 - goal * pace * elapsed
    return goal * (0.18 + 0.86 * pace * elapsed)


def _percent(indicator: Indicator, unit: str, level: float, period: str) -> Filled:
    share = min(level, 99.4 if indicator.target.kind is not TargetKind.FULL_COVERAGE else 100.0)
    if not indicator.needs_parts:
        return Filled(round(share, 2))
    # The whole stays the same all year, so that only the part moves.
    whole = 200 + int(2800 * chance("whole", indicator.code, unit))
    part = min(whole, max(1, round(whole * share / 100)))
    return Filled(round(100 * part / whole, 2), float(part), float(whole))


def _state(done: float, say: Language) -> Filled:
    if done >= 0.82:
        return Filled("已完成", evidence=say("验收意见（样例）"), remark=say("已通过验收"))
    return Filled("推进中" if done > 0.3 else "未启动", remark=say("按计划推进"))


def _progress(item: str, config: Config, period: str) -> Filled:
    done = (0.6 + 0.5 * chance(item, "progress")) * _elapsed(config, period)
    step = 2 if done >= 0.8 else 1 if done > 0.2 else 0
    states = ("未启动", "推进中", "已完成")
    say = _say(config)
    evidence = say("验收材料（样例）") if step == 2 else ""
    return Filled(states[step], remark=say(_PROGRESS_TEXT[step]), evidence=evidence)


def first_item(config: Config, unit: str, **wanted: Any) -> str | None:
    """The first indicator ``unit`` owes whose fields equal ``wanted``."""
    for o in config.obligations():
        if o.unit == unit and o.item_kind == "indicator":
            indicator = config.indicator(o.item)
            if all(getattr(indicator, k) == v for k, v in wanted.items()):
                return o.item
    return None
