"""What a register must say of itself to make sense: codes that exist once, numbers where a target needs them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from config.calendar import FIRST_YEAR, LAST_YEAR, cadence_of
from config.plan import Indicator, Measure, Plan, TargetKind
from config.units import ReportingUnit, fold_name
from config.yamlfile import Document

_NEEDS = {
    TargetKind.AT_LEAST: ("low",),
    TargetKind.AT_MOST: ("high",),
    TargetKind.RANGE: ("low", "high"),
    TargetKind.REDUCTION: ("low",),
}


def check(plan_doc: Document, plan: Plan, units_doc: Document, units: Sequence[ReportingUnit]) -> None:
    """Raises the first contradiction as ``file:line: reason`` (ConfigError)."""
    _unique(units_doc, "units", [u.code for u in units])
    _names(units_doc, units)
    codes = {u.code for u in units}
    for key, period in (("start_period", plan.start_period), ("end_period", plan.end_period)):
        if cadence_of(period) is not plan.cadence:
            raise plan_doc.error(
                (key,), f"{period} 与 cadence: {plan.cadence} 不符，应写作 {plan.cadence.example} 的样子"
            )
        # No instant is taken outside these years: a period there could be planned and never opened.
        if not FIRST_YEAR <= int(period[:4]) <= LAST_YEAR:
            raise plan_doc.error(
                (key,), f"{period} 超出能办理的年份，应在 {FIRST_YEAR} 年到 {LAST_YEAR} 年之间"
            )
    if plan.start_period >= plan.end_period:
        raise plan_doc.error(("end_period",), f"终期 {plan.end_period} 不在起期 {plan.start_period} 之后")
    domains = {d.code for d in plan.domains}
    actions = {a.code for a in plan.actions}
    for key, entries in (
        ("domains", plan.domains), ("actions", plan.actions), ("safeguards", plan.safeguards), ("indicators", plan.indicators),
    ):  # fmt: skip
        _unique(plan_doc, key, [e.code for e in entries])
    for n, a in enumerate(plan.actions):
        if a.domain not in domains:
            raise plan_doc.error(("actions", n, "domain"), f"措施 {a.code} 的领域 {a.domain} 不存在")
        _known(plan_doc, ("actions", n, "units"), f"措施 {a.code}", a.units, codes)
    for n, s in enumerate(plan.safeguards):
        _known(plan_doc, ("safeguards", n, "units"), f"保障措施 {s.code}", s.units, codes)
    for n, i in enumerate(plan.indicators):
        at = ("indicators", n)
        if i.domain is not None and i.domain not in domains:
            raise plan_doc.error((*at, "domain"), f"指标 {i.code} 的领域 {i.domain} 不存在")
        if i.action is not None and i.action not in actions:
            raise plan_doc.error((*at, "action"), f"指标 {i.code} 的措施 {i.action} 不存在")
        _known(plan_doc, (*at, "reporters"), f"指标 {i.code}", i.reporters, codes)
        _check_target(plan_doc, n, i)


def _check_target(doc: Document, n: int, i: Indicator) -> None:
    at, t = ("indicators", n, "target"), i.target
    for name in _NEEDS.get(t.kind, ()):
        if getattr(t, name) is None:
            raise doc.error(at, f"指标 {i.code}：目标类型 {t.kind} 缺少数字 {name}")
    if t.kind is TargetKind.MILESTONE and i.measure is not Measure.STATE:
        raise doc.error(at, f"指标 {i.code}：里程碑目标的 measure 应为 state")
    if i.measure is Measure.STATE and t.kind is not TargetKind.MILESTONE:
        raise doc.error(at, f"指标 {i.code}：measure 为 state 时目标类型应为 milestone")
    wrong = wrong_numbers(i, t.low, t.high)
    if wrong is not None:
        raise doc.error((*at, wrong[0]), f"指标 {i.code}:{wrong[1]}")
    if i.lower_limit is not None and i.upper_limit is not None and i.lower_limit > i.upper_limit:
        raise doc.error(("indicators", n, "lower_limit"), f"指标 {i.code}：合理下限大于合理上限")


def wrong_numbers(i: Indicator, low: float | None, high: float | None) -> tuple[str, str] | None:
    """What is wrong with target numbers of ``i`` (field, reason), be they its own or one unit's.

    A number that a unit does not give is the indicator's own.
    """
    if i.target.kind is TargetKind.UNSPECIFIED:
        if low is not None or high is not None:
            return "low" if low is not None else "high", "原文未写目标数，不应填写数字"
        return None
    for name, value in (("low", low), ("high", high)):
        if i.measure is Measure.PERCENT and value is not None and not 0 <= value <= 100:
            return name, f"百分数 {value:g} 不在 0 到 100 之间"
    low = i.target.low if low is None else low
    high = i.target.high if high is None else high
    if low is not None and high is not None and low > high:
        return "low", f"下限 {low:g} 大于上限 {high:g}"
    return None


def _names(doc: Document, units: Sequence[ReportingUnit]) -> None:
    """No name, alias or code may lead to two units, however it is spelt."""
    owners: dict[str, ReportingUnit] = {}
    for n, u in enumerate(units):
        for text, at in ((u.code, "code"), (u.name, "name"), *((a, "aliases") for a in u.aliases)):
            if not fold_name(text):
                raise doc.error(("units", n, at), f"单位 {u.code} 的名称是空的")
            other = owners.setdefault(fold_name(text), u)
            if other is not u:
                raise doc.error(("units", n, at), f"单位 {u.code} 的名称 {text} 与单位 {other.code} 的相同")


def _unique(doc: Document, key: str, codes: Sequence[str]) -> None:
    seen: set[str] = set()
    for n, code in enumerate(codes):
        if code in seen:
            raise doc.error((key, n, "code"), f"编码 {code} 重复")
        seen.add(code)


def _known(
    doc: Document, at: Sequence[str | int], what: str, named: Sequence[str], codes: Iterable[str]
) -> None:
    if not named:
        raise doc.error(at, f"{what}：没有写明责任单位")
    seen: set[str] = set()  # a national plan names thousands of units in one line
    for n, code in enumerate(named):
        if code not in codes:
            raise doc.error((*at, n), f"{what}：单位 {code} 不在 units.yml 中")
        if code in seen:
            raise doc.error((*at, n), f"{what}：单位 {code} 写了两次")
        seen.add(code)
