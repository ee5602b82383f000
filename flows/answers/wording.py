"""The formulas of docs/method.md as sentences, with the numbers of one figure put in. Nothing is computed here
that the mart does not hold, apart from the way from baseline to goal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from config.calendar import Cadence, cadence_of, period_index
from templates import formats


def plain(value: float | None) -> str:
    """At most four decimals, no separators; a dash for nothing."""
    return formats.number(value, 4).replace(",", "")


def formulas(
    figure: Mapping[str, Any],
    parts: Sequence[Mapping[str, Any]],
    milestones: Mapping[int, float],
    lights: tuple[float, float],
) -> list[dict[str, str]]:
    """name and text of every formula that gave this figure, in the order of computation."""
    kind = figure["target_kind"]
    found = [("汇总", _rollup(figure, parts))]
    if kind == "unspecified":
        return _named([*found, ("判定", "通知原文缺目标数，不计算")])
    if kind == "milestone":
        return _named([*found, ("判定", f"里程碑看报送状态：全部单位已完成才算达成；{_met(figure)}")])
    base, goal = _base(figure), _goal(figure)
    found += [
        ("判定", f"{_rule(figure, goal)};{_met(figure)}"),
        ("完成率", _attainment(figure, goal)),
        ("进度", _progress(figure, base, goal)),
        ("序时进度", _expected(figure, base, goal, milestones)),
        ("差距与亮灯", _light(figure, lights)),
    ]
    if figure["required_per_quarter"] is not None:
        word = "年" if cadence_of(figure["period"]) is Cadence.YEARLY else "季"
        found.append((
            f"今后每{word}需要",
            f"{plain(figure['required_per_quarter'])} {figure['unit_label']}（{_required(figure, word)}）",
        ))  # fmt: skip
    if figure["projected_2020"] is not None:
        found.append((
            "期末预测",
            f"{plain(figure['projected_2020'])}，区间 {plain(figure['projected_low'])}~{plain(figure['projected_high'])}"
            f"（Theil-Sen 稳健直线外推到 {figure['end_period']}，95%）",
        ))  # fmt: skip
    return _named(found)


def _named(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "text": text} for name, text in pairs]


def _base(figure: Mapping[str, Any]) -> float | None:
    is_drop = figure["target_kind"] == "reduction" and figure["reports_drop"]
    return 0.0 if is_drop else figure["baseline"]


def _goal(figure: Mapping[str, Any]) -> float | None:
    low, high, kind = figure["target_low"], figure["target_high"], figure["target_kind"]
    if kind == "at_most":
        return high if high is not None else low  # type: ignore[no-any-return]
    if kind == "full_coverage":
        return low if low is not None else 100.0  # type: ignore[no-any-return]
    if kind == "reduction" and not figure["reports_drop"]:
        return None if figure["baseline"] is None else figure["baseline"] * (1 - low / 100)
    return low  # type: ignore[no-any-return]


def _is_downward(figure: Mapping[str, Any]) -> bool:
    kind = figure["target_kind"]
    return kind == "at_most" or (kind == "reduction" and not figure["reports_drop"])


def _rollup(figure: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> str:
    used = [(p["unit_name"], e) for p in parts for e in p["inputs"] if e["counts"]]
    actual = plain(figure["actual"])
    if figure["measure"] == "state":
        return "、".join(f"{name} {e['state'] or '未报'}" for name, e in used) or "未报送"
    if not used:
        return "未报送，没有可用的数"
    with_parts = [e for _, e in used if e["numerator"] is not None and e["denominator"] is not None]
    if figure["rollup"] == "ratio" and with_parts and (len(parts) > 1 or figure["scope"] == "city"):
        top, bottom = ("+".join(plain(e[k]) for e in with_parts) for k in ("numerator", "denominator"))
        return f"100 × ({top}) ÷ ({bottom}) = {actual}"
    if len(parts) == 1:
        return f"{used[0][0]}报送值 {actual}"
    values = "+".join("0（零报告）" if e["status"] == "nil" else plain(e["value"]) for _, e in used)
    if figure["rollup"] == "sum":
        return f"各单位之和：{values} = {actual}"
    if figure["rollup"] == "mean":
        return f"各单位平均：（{values}） ÷ {sum(e['value'] is not None or e['status'] == 'nil' for _, e in used)} = {actual}"
    return f"目标约束各单位，逐个评价（{len(used)}/{len(parts)} 已报）"


def _rule(figure: Mapping[str, Any], goal: float | None) -> str:
    if figure["actual"] is None or goal is None:
        return f"本期值 {plain(figure['actual'])}，目标值 {plain(goal)}"
    sign = ("<" if figure["strict"] else "≤") if _is_downward(figure) else (">" if figure["strict"] else "≥")
    how = ""
    if figure["target_kind"] == "reduction" and not figure["reports_drop"]:
        how = f"(目标值 = 基期 {plain(figure['baseline'])} × (1 − {plain(figure['target_low'])}%))"
    return f"要求 本期值 {sign} {plain(goal)}{how}，本期值 {plain(figure['actual'])}"


def _met(figure: Mapping[str, Any]) -> str:
    met = figure["met"]
    return "暂不判定" if met is None else ("已达成" if met else "未达成")


def _attainment(figure: Mapping[str, Any], goal: float | None) -> str:
    if figure["attainment_pct"] is None:
        return f"无法计算（{figure['note'] or '缺数据'}）"
    if _is_downward(figure):
        return f"越低越好，用进度代替 = {plain(figure['attainment_pct'])}%"
    return f"本期值 ÷ 目标值 × 100 = {plain(figure['actual'])} ÷ {plain(goal)} × 100 = {plain(figure['attainment_pct'])}%"


def _progress(figure: Mapping[str, Any], base: float | None, goal: float | None) -> str:
    if figure["progress_pct"] is None:
        return f"无法计算（{figure['note'] or '缺数据'}）"
    x, b, t = plain(figure["actual"]), plain(base), plain(goal)
    return f"(本期值 − 基期值) ÷ (目标值 − 基期值) × 100 = ({x} − {b}) ÷ ({t} − {b}) × 100 = {plain(figure['progress_pct'])}%"


def _expected(
    figure: Mapping[str, Any], base: float | None, goal: float | None, milestones: Mapping[int, float]
) -> str:
    expected = figure["expected_pct"]
    if expected is None:
        return "无法计算"
    is_flow = _is_flow(figure)
    if (milestones or is_flow) and base is not None and goal is not None:
        path = "、".join(f"{y}年 {plain(v)}" for y, v in milestones.items())
        way = f"年度目标（{path}）" if path else "基期到目标的直线"
        share = "，年内按季度比重" if is_flow else ""
        due = base + expected / 100 * (goal - base)
        # A year's running total is held against whole years, the baseline too; its progress is below 0 for the same reason.
        early = "；年内累计还低于基期的全年值，故为负，进度同理" if is_flow and expected < 0 else ""
        return (
            f"按{way}{share}，本季末应达 {plain(due)}；({plain(due)} − {plain(base)}) ÷ ({plain(goal)} − {plain(base)})"
            f" × 100 = {plain(expected)}%{early}"
        )
    start, end = period_index(figure["baseline_period"]), period_index(figure["end_period"])
    now = min(max(period_index(figure["period"]), start), end)
    cycle = cadence_of(figure["period"])
    word, past, whole = ("年" if cycle is Cadence.YEARLY else "季度"), now - start, end - start
    return (
        f"已过{word} ÷ 全部{word} × 100 = {plain(past / cycle.quarters)} ÷ {plain(whole / cycle.quarters)} × 100"
        f" = {plain(expected)}%"
    )


def _required(figure: Mapping[str, Any], word: str) -> str:
    quarters = "" if word == "年" else "度"
    if not _is_flow(figure):
        return f"剩余差距 ÷ 剩余{word}{quarters}数"
    # A year's total starts again from nothing.
    if period_index(figure["period"]) % 4 < 3:
        return "本年应达值的差额 ÷ 本年剩余季度数"
    return "下一年应达值" if word == "年" else "下一年应达值 ÷ 4"


def _is_flow(figure: Mapping[str, Any]) -> bool:
    is_drop = figure["target_kind"] == "reduction" and figure["reports_drop"]
    return figure["accumulation"] == "ytd" and not is_drop


def _light(figure: Mapping[str, Any], lights: tuple[float, float]) -> str:
    light = formats.light(figure["light"])
    rule = f"差距不超过 {plain(lights[0])} 个百分点为正常，不超过 {plain(lights[1])} 为滞后，更大为严重滞后"
    if figure["met"]:
        return f"目标已达成，{light.label}"
    if figure["gap_pp"] is None:
        return f"差距无法计算，{light.label}；{rule}"
    e, p, gap = plain(figure["expected_pct"]), plain(figure["progress_pct"]), plain(figure["gap_pp"])
    return f"序时进度 − 进度 = {e} − {p} = {gap} 个百分点，{light.label}；{rule}"
