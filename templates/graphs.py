"""The site's charts as options of Apache ECharts: plain data, no code, nothing computed that the mart does not hold.

Belongs here: what is drawn and how it is said in words. Does not: the library (templates.site), colours, which the
page's script puts in by name (``@met``) so that light, dark and print each have their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from config.calendar import previous_period
from config.language import CHINESE, Language
from templates import formats
from templates.formats import rounded
from templates.pages import (
    ActionsView,
    Chart,
    DomainCard,
    Figure,
    IndicatorEntry,
    PeriodLine,
    RateLine,
    Standing,
)

COMPARED_MAX = 40  # bars that can still be read


def _option(say: Language, **parts: Any) -> dict[str, Any]:
    return {
        "animation": False,
        "textStyle": {"color": "@ink"},
        "grid": {"left": 8, "right": 18, "top": 40, "bottom": 6, "containLabel": True},
        "legend": {"top": 0, "left": 0, "itemGap": 14, "textStyle": {"color": "@soft"}, "inactiveColor": "@line"},
        # As drawn text: the tooltip's HTML would need inline styles, which the pages forbid.
        "tooltip": {"trigger": "axis", "renderMode": "richText", "confine": True, "backgroundColor": "@paper",
                    "borderColor": "@line", "textStyle": {"color": "@ink"}},
        **parts,
    }  # fmt: skip


def _periods(first: str, last: str) -> list[str]:
    """Every period from ``first`` to ``last``, so that a missing quarter leaves its gap."""
    found = [first]
    while found[-1] < last:
        found.append(previous_period(found[-1], -1))
    return found


def _category(names: Sequence[str], **more: Any) -> dict[str, Any]:
    return {"type": "category", "data": list(names), "axisLabel": {"color": "@soft", "hideOverlap": True},
            "axisLine": {"lineStyle": {"color": "@line"}}, "axisTick": {"show": False}, **more}  # fmt: skip


def _value(name: str = "", **more: Any) -> dict[str, Any]:
    return {"type": "value", "name": name, "nameTextStyle": {"color": "@soft", "align": "left"}, "scale": False,
            "axisLabel": {"color": "@soft"}, "splitLine": {"lineStyle": {"color": "@line"}}, **more}  # fmt: skip


def _goal(entry: IndicatorEntry, now: Figure) -> float | None:
    """The target where it is a value of the indicator itself; a reduction is told in per cent of the baseline."""
    if now.target_kind in ("at_least", "range", "full_coverage"):
        return now.target_low if now.target_low is not None else 100.0
    return now.target_high if now.target_kind == "at_most" else None


def values(entry: IndicatorEntry, end_period: str, say: Language = CHINESE) -> Chart | None:
    """Observations with target, yearly milestones and the projection with its interval; None without a figure."""
    now, drawn = entry.current, [f for f in entry.figures if f.actual is not None]
    if now is None or not drawn:
        return None
    axis = _periods(drawn[0].period, max(end_period, drawn[-1].period))
    at = {f.period: f for f in drawn}
    is_flow = entry.accumulation == "ytd"
    actual = say("年度累计") if is_flow else say("实际值")
    series: list[dict[str, Any]] = [
        {
            "name": actual, "type": "bar" if is_flow else "line", "color": "@brand-b", "barMaxWidth": 34,
            "symbol": "circle", "symbolSize": 8, "lineStyle": {"width": 3}, "connectNulls": False,
            "data": [rounded(at[p].actual) if p in at else None for p in axis],
        }
    ]  # fmt: skip
    goal = _goal(entry, now)
    if goal is not None:
        # A line of its own rather than a mark: the axis stretches to hold it.
        series.append({"name": say("目标"), "type": "line", "color": "@met", "symbol": "none", "silent": True,
                       "lineStyle": {"width": 1.5}, "data": [goal] * len(axis)})  # fmt: skip
    year_ends = {p[:4]: p for p in axis}
    steps = [(year_ends[str(y)], v) for y, v in entry.milestones if str(y) in year_ends]
    if steps:
        series.append({"name": say("年度目标"), "type": "scatter", "color": "@met", "symbol": "diamond", "symbolSize": 13,
                       "data": [[p, v] for p, v in steps]})  # fmt: skip
    if now.projected_2020 is not None:
        name = say("按现有趋势预测")
        series.append({"name": name, "type": "scatter", "color": "@yellow-b", "symbol": "rect", "symbolSize": [20, 5],
                       "data": [[axis[-1], rounded(now.projected_2020)]]})  # fmt: skip
        if now.projected_low is not None and now.projected_high is not None:
            # A stack of a clear and a tinted bar: the interval, nothing more.
            low, high = now.projected_low, now.projected_high
            blank: list[Any] = [None] * (len(axis) - 1)
            shape = {"type": "bar", "stack": "interval", "stackStrategy": "all", "barMaxWidth": 18, "barGap": "-100%",
                     "silent": True, "tooltip": {"show": False}}  # fmt: skip
            series.append({**shape, "name": "", "color": "rgba(0,0,0,0)", "data": [*blank, rounded(low)]})
            series.append({**shape, "name": say("预测区间"), "color": "@yellow-t",
                           "itemStyle": {"borderColor": "@yellow-b", "borderWidth": 1}, "data": [*blank, rounded(high - low)]})  # fmt: skip
    axis_of_values = _value(entry.unit_label, scale=not is_flow)
    option = _option(say, xAxis=_category(axis), yAxis=axis_of_values, series=series)
    option["legend"]["data"] = [s["name"] for s in series if s["name"]]
    option["grid"]["top"] = 66
    return Chart("values", say("实际值与目标"), _values_said(entry, drawn, goal, now, say), option, "l")


def _values_said(
    entry: IndicatorEntry, drawn: Sequence[Figure], goal: float | None, now: Figure, say: Language
) -> str:
    said = [
        say("%(period)s为%(value)s", period=formats.quarter(f.period, say),
            value=formats.quantity(f.actual, entry.unit_label, say=say))
        for f in drawn[-6:]
    ]  # fmt: skip
    text = say("%(name)s：%(told)s。", name=entry.name, told=say("，").join(said))
    if goal is not None:
        text += say("目标为%(value)s。", value=formats.quantity(goal, entry.unit_label, say=say))
    if now.projected_2020 is not None:
        text += say(
            "按现有趋势到期末约为%(value)s。",
            value=formats.quantity(now.projected_2020, entry.unit_label, say=say),
        )
    return text


def progress(entry: IndicatorEntry, end_period: str, say: Language = CHINESE) -> Chart | None:
    """Progress reached against progress due, in per cent of the way from baseline to target."""
    drawn = [f for f in entry.figures if f.progress_pct is not None]
    if not drawn:
        return None
    axis = _periods(drawn[0].period, max(end_period, drawn[-1].period))
    at = {f.period: f for f in entry.figures}
    due = [rounded(at[p].expected_pct, 1) if p in at else None for p in axis]
    if axis[-1] == end_period and due[-1] is None:
        due[-1] = 100.0  # the whole way by the plan's end, whatever the path
    series = [
        {"name": say("应达进度"), "type": "line", "color": "@soft", "symbol": "none",
         "lineStyle": {"type": "dashed", "width": 2}, "connectNulls": True, "data": due},
        {"name": say("实际进度"), "type": "line", "color": f"@{entry.light}-b", "symbol": "circle", "symbolSize": 8,
         "lineStyle": {"width": 3}, "data": [rounded(at[p].progress_pct, 1) if p in at else None for p in axis]},
    ]  # fmt: skip
    option = _option(
        say, xAxis=_category(axis), series=series,
        yAxis=_value(axisLabel={"color": "@soft", "formatter": "{value}%"}),
    )  # fmt: skip
    said = [
        say("%(period)s实际进度%(progress)s，应达%(expected)s", period=formats.quarter(f.period, say),
            progress=formats.percent(f.progress_pct), expected=formats.percent(f.expected_pct))
        for f in drawn[-4:]
    ]  # fmt: skip
    label = say("%(name)s：%(told)s。", name=entry.name, told=say("；").join(said))
    return Chart("progress", say("进度：实际与应达"), label, option, "l")


def compared(entry: IndicatorEntry, standings: Sequence[Standing], say: Language = CHINESE) -> Chart | None:
    """The reporters side by side, best on top; None for fewer than two figures."""
    drawn = [s for s in standings if s.value is not None][:COMPARED_MAX]
    if len(drawn) < 2:
        return None
    figure = next((s.figure for s in drawn if s.figure is not None), None)
    goal = _goal(entry, figure) if figure is not None else None
    bars: dict[str, Any] = {
        "type": "bar", "barMaxWidth": 20, "label": {"show": True, "position": "right", "color": "@ink"},
        "data": [
            {"value": rounded(s.value),
             "itemStyle": {"color": f"@{s.figure.light}-b" if s.figure is not None else "@brand-b"}}
            for s in drawn
        ],
    }  # fmt: skip
    if goal is not None:
        bars["markLine"] = {
            "symbol": "none", "silent": True, "lineStyle": {"color": "@met", "type": "solid", "width": 1.5},
            "label": {"formatter": say("目标 %(value)s", value=formats.number(goal)), "color": "@met",
                      "position": "start"},
            "data": [{"xAxis": goal}],
        }  # fmt: skip
    top = max([*(s.value or 0.0 for s in drawn), goal or 0.0])
    option = _option(
        say,
        yAxis=_category([s.unit_name for s in drawn], inverse=True),
        xAxis=_value(max=100 if entry.unit_label == "%" and top <= 100 else _above(top)),
        series=[bars],
    )
    option["grid"] = {"left": 8, "right": 60, "top": 26, "bottom": 6, "containLabel": True}
    option["tooltip"]["trigger"] = "item"
    del option["legend"]
    told = say.listed(
        [f"{s.unit_name} {formats.quantity(s.value, entry.unit_label, say=say)}" for s in drawn]
    )
    label = say("%(name)s：%(told)s。", name=entry.name, told=told)
    return Chart("compared", say("各单位比较"), label, option, "l" if len(drawn) <= 12 else "xl")


def _above(top: float) -> float:
    """A round number a little above ``top``, so that labels beside the longest bar have room."""
    if top <= 0:
        return 1.0
    step = float(10 ** (len(str(int(top))) - 1)) / (1 if top >= 1 else 10)
    return round((int(top * 1.05 / step) + 1) * step, 6)


def lights(domains: Sequence[DomainCard], say: Language = CHINESE) -> Chart:
    """How many indicators of each domain stand where."""
    rows = [d for d in domains if d.counts.total]
    series = [
        {"name": one.label, "type": "bar", "stack": "lights", "color": f"@{code}-b", "barMaxWidth": 18,
         "label": {"show": True, "color": f"@{code}-on"},
         "data": [d.counts.of(code) or None for d in rows]}
        for code, one in formats.lights(say).items()
    ]  # fmt: skip
    option = _option(
        say, yAxis=_category([d.name for d in rows], inverse=True), xAxis=_value(minInterval=1), series=series
    )
    told = [
        say("%(name)s：%(told)s", name=d.name, told=say.listed(
            [say("%(light)s%(n)s项", light=one.label, n=d.counts.of(code))
             for code, one in formats.lights(say).items() if d.counts.of(code)]))
        for d in rows
    ]  # fmt: skip
    return Chart("lights", say("各领域指标状态"), say("；").join(told), option, "xl")


def trend(periods: Sequence[PeriodLine], say: Language = CHINESE) -> Chart | None:
    """The lights of the whole plan quarter by quarter; ``periods`` newest first."""
    if len(periods) < 2:
        return None
    rows = list(periods)[::-1]
    series = [
        {"name": one.label, "type": "bar", "stack": "lights", "color": f"@{code}-b", "barMaxWidth": 46,
         "label": {"show": True, "color": f"@{code}-on"}, "data": [p.counts.of(code) or None for p in rows]}
        for code, one in formats.lights(say).items()
    ]  # fmt: skip
    option = _option(
        say, xAxis=_category([p.period for p in rows]), yAxis=_value(minInterval=1), series=series
    )
    return Chart("trend", say("历期指标状态"), say("各期各状态指标的项数，见下表。"), option)


def reporting(periods: Sequence[PeriodLine], say: Language = CHINESE) -> Chart | None:
    """Completeness, timeliness and first-time quality quarter by quarter; ``periods`` newest first."""
    if len(periods) < 2:
        return None
    rows = list(periods)[::-1]
    kinds = (
        (say("完整率"), "@met-b", "circle", "solid", [rounded(p.completeness_pct, 1) for p in rows]),
        (say("及时率"), "@green-b", "rect", "dashed", [rounded(p.timeliness_pct, 1) for p in rows]),
        (say("一次合格率"), "@yellow-b", "triangle", "dotted", [rounded(p.quality_pct, 1) for p in rows]),
    )  # fmt: skip
    series = [
        {"name": name, "type": "line", "color": colour, "symbol": symbol, "symbolSize": 9,
         "lineStyle": {"width": 2.5, "type": line}, "data": data}
        for name, colour, symbol, line, data in kinds
    ]  # fmt: skip
    percents = [v for *_, data in kinds for v in data if v is not None]
    floor = min(int(min(percents, default=0) // 10) * 10, 90)
    axis = _value(min=floor, max=100, axisLabel={"color": "@soft", "formatter": "{value}%"})
    option = _option(say, xAxis=_category([p.period for p in rows]), yAxis=axis, series=series)
    said = say("；").join(
        say("%(period)s完整率%(a)s，及时率%(b)s，一次合格率%(c)s", period=formats.quarter(p.period, say),
            a=formats.percent(p.completeness_pct), b=formats.percent(p.timeliness_pct), c=formats.percent(p.quality_pct))
        for p in rows[-4:]
    )  # fmt: skip
    return Chart("reporting", say("历期报送情况"), said, option)


def timeliness(rates: Sequence[RateLine], say: Language = CHINESE) -> Chart | None:
    """How many units reported in time, late, in part, not at all."""
    rated = [r for r in rates if r.expected]
    if not rated:
        return None
    kinds = (
        (say("按时报齐"), "@green-b", "@green-on", sum(r.timely == r.expected for r in rated)),
        (say("逾期报齐"), "@yellow-b", "@yellow-on", sum(r.timely < r.expected == r.accepted for r in rated)),
        (say("部分未报"), "@red-b", "@red-on", sum(0 < r.accepted < r.expected for r in rated)),
        (say("全部未报"), "@none-b", "@none-on", sum(r.accepted == 0 for r in rated)),
    )
    series = [
        {"name": name, "type": "bar", "stack": "units", "color": colour, "barWidth": 34,
         "label": {"show": True, "color": on}, "data": [n or None]}
        for name, colour, on, n in kinds
    ]  # fmt: skip
    option = _option(
        say, xAxis=_value(show=False, max=len(rated)), yAxis=_category([""], show=False), series=series
    )
    option["grid"]["left"] = option["grid"]["right"] = 0
    option["tooltip"]["trigger"] = "item"
    said = say.listed([say("%(name)s%(n)s个单位", name=name, n=n) for name, _, _, n in kinds])
    return Chart("timeliness", say("各单位报送"), said, option, "s")


def states(view: ActionsView, say: Language = CHINESE) -> Chart:
    """How many actions of each domain, and safeguards, are done, under way, not begun or untold."""
    groups: list[tuple[str, Sequence[Any]]] = [*view.actions, (say("保障措施"), view.safeguards)]
    rows = [(name, entries) for name, entries in groups if entries]
    kinds = (
        ("已完成", say("已完成"), "met"), ("推进中", say("推进中"), "green"), ("未启动", say("未启动"), "yellow"),
        ("", say("未报送"), "none"),
    )  # fmt: skip
    series = [
        {"name": shown, "type": "bar", "stack": "states", "color": f"@{code}-b", "barMaxWidth": 18,
         "label": {"show": True, "color": f"@{code}-on"},
         "data": [_count(entries, state) or None for _, entries in rows]}
        for state, shown, code in kinds
    ]  # fmt: skip
    option = _option(
        say, yAxis=_category([n for n, _ in rows], inverse=True), xAxis=_value(minInterval=1), series=series
    )
    told = [
        say("%(name)s：%(told)s", name=name,
            told=say.listed([f"{shown}{n}" for state, shown, _ in kinds if (n := _count(entries, state))]))
        for name, entries in rows
    ]  # fmt: skip
    return Chart("states", say("措施进展"), say("；").join(told), option, "xl")


def _count(entries: Iterable[Any], state: str) -> int:
    return sum(e.state == state for e in entries)
