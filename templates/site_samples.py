"""Plausible records for the site's pages: `jibao render --check` and the tests fill the templates with them.

Every list has entries and every optional value is set somewhere.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from templates import graphs
from templates.pages import (
    ActionEntry,
    ActionsView,
    DomainCard,
    Figure,
    IndicatorEntry,
    IndicatorsView,
    IndicatorView,
    OverviewView,
    PeriodLine,
    ProgressLine,
    QuarterView,
    RateLine,
    Revision,
    SearchEntry,
    SearchView,
    Standing,
    UnitsView,
)
from templates.published import LightCounts

PERIOD, BEFORE = "2019-Q3", "2019-Q2"
NOW = datetime(2019, 10, 23, 1, 0, tzinfo=UTC)
DUE = datetime(2019, 10, 18, 10, 0, tzinfo=UTC)
COUNTS = LightCounts(1, 1, 2, 1, 1)


def figure(period: str = PERIOD, light: str = "yellow", **more: Any) -> Figure:
    base = Figure(
        period, "I-09", "441400", "梅州市", "city", 15.0, "at_least", 90.0, None, 73.3, "7/8", 81.4, False, 77.7, 75.0,
        -2.7, light, 3.1, 92.0, 88.0, 96.5, "部分单位未报（7/8）",
    )  # fmt: skip
    return replace(base, **more)


def revision(number: int, value: float | None, **more: Any) -> Revision:
    base = Revision(
        "I-09", PERIOD, "441402", "梅江区", number, value, 660.0, 848.0, None, "reported", "首报", "按计划推进", "填报表",
        "G6", NOW, True, "2019Q3-441402-61989CB6", "441402_2019-Q3.xlsx", "ab" * 32, 3,
    )  # fmt: skip
    return replace(base, **more)


def entry() -> IndicatorEntry:
    return IndicatorEntry(
        "I-09", "行政审批事项网上办理率", "D-09", "互联网+政务服务", "二(九)", "%", "网上办理的行政审批事项占全部事项",
        "percent", "level", "up", "各县(市、区)达90%", True, (("441402", "梅江区"), ("441424", "五华县")), ((2019, 80.0),),
        (figure(BEFORE, "green"), figure()),
    )  # fmt: skip


def state_entry() -> IndicatorEntry:
    return replace(
        entry(), indicator="I-12", name="全国互联网经济发展重要基地", measure="state", states=("已完成",),
        figures=(figure(light="met", actual=None, progress_pct=None, gap_pp=None, target_kind="milestone"),),
        aspirational=False, domain=None, milestones=(), direction="down", reporters=(("JXJ", "市经信局"),),
    )  # fmt: skip


def period_line(period: str = PERIOD) -> PeriodLine:
    return PeriodLine(
        period, NOW, DUE, NOW, NOW, 65.0, 10, 13, 111, 107, 105, 96.4, 94.6, 94.4, COUNTS, True, True
    )


def rate(unit: str = "441402", name: str = "梅江区", **more: Any) -> RateLine:
    base = RateLine(
        PERIOD,
        unit,
        name,
        8,
        6,
        5,
        75.0,
        62.5,
        83.3,
        2,
        54.6,
        1,
        3,
        DUE,
        True,
        2,
        1,
        NOW,
        "returned",
        3,
        True,
        True,
    )
    return replace(base, **more)


RATES = (
    rate(),
    rate("441481", "兴宁市", accepted=8, timely=0, is_late=True, is_extended=False, last_status="accepted"),
    rate("FGJ", "市发展改革局", expected=0, accepted=0, timely=0, rank=None, is_late=False, has_page=False,
         last_received_at=None, last_status="", due_at=None),
    rate("SWJ", "市商务局", is_late=False),
)  # fmt: skip


def domain_card() -> DomainCard:
    return DomainCard(
        "D-09",
        "互联网+政务服务",
        COUNTS,
        66.4,
        2,
        "网上办理率×1",
        "社会信用（里程碑）",
        (entry(), state_entry()),
    )


def overview() -> OverviewView:
    lines = (period_line(), period_line(BEFORE))
    empty = replace(domain_card(), counts=LightCounts(), score_pct=None, indicators=(), domain="")
    domains = (domain_card(), replace(domain_card(), score_pct=None, excluded=None), empty)
    charts = (graphs.lights(domains), *(c for c in (graphs.trend(lines),) if c))
    return OverviewView(PERIOD, NOW, lines[0], COUNTS, domains, (entry(),), RATES[:2], lines, charts)


def indicator() -> IndicatorView:
    one = entry()
    own = figure(unit="441402", unit_name="梅江区", scope="unit")
    standings = (Standing("441402", "梅江区", revision(2, 77.8), own), Standing("441424", "五华县", None, None),
                 Standing("441481", "兴宁市", revision(1, 51.0, unit="441481"), None))  # fmt: skip
    revisions = (
        revision(2, 77.8), revision(1, 71.0, stands=False, reason="更正"), revision(1, None, status="nil", unit="441403"),
        revision(1, None, status="missing", unit="441426", sha256=None, receipt_no=None, file_name=None, cell=None),
        revision(1, None, state="推进中", unit="JXJ", numerator=None, denominator=None),
    )  # fmt: skip
    view = IndicatorView(
        PERIOD, one, standings, (own, figure(light="none")), revisions, 12, ((PERIOD, "441424", "五华县"),), (),
        ("I-08", "网络贷款总额"), ("I-10", "社会服务事项网上办理率"), frozenset({"441402"}),
    )  # fmt: skip
    charts = (
        graphs.values(one, "2020-Q4"),
        graphs.progress(one, "2020-Q4"),
        graphs.compared(one, view.compared),
    )
    return replace(view, charts=tuple(c for c in charts if c))


def actions() -> ActionsView:
    lead = ProgressLine("A-0101", PERIOD, "FGJ", "市发展改革局", "lead", True, "推进中", "reported", "按计划推进", "验收材料", 1,
                        "工作进展", "D5", "FGJ_2019-Q3.xlsx", "2019Q3-FGJ-1")  # fmt: skip
    other = replace(lead, unit="RSJ", unit_name="市人社局", role="contributing", is_owed=False, remark=None)
    one = ActionEntry(
        "A-0101", "互联网+创业", "action", "互联网+创业创新", "二(一)", lead, "市发展改革局", (other,), ("市科技局",),
        ((BEFORE, "未启动"), (PERIOD, "推进中"), ("2019-Q1", "")),
    )  # fmt: skip
    silent = replace(one, code="A-0102", lead=None, others=(), silent=(), history=((PERIOD, "已完成"),))
    view = ActionsView(
        PERIOD, (("互联网+创业创新", (one, silent)),), (replace(one, code="S-01", kind="safeguard"),), ()
    )
    return replace(view, charts=(graphs.states(view),))


def quarter() -> QuarterView:
    lines = (period_line(), period_line(BEFORE))
    charts = (graphs.timeliness(RATES), graphs.reporting(lines))
    return QuarterView(lines[0], RATES, tuple(c for c in charts if c), BEFORE, "2019-Q4")


def units() -> UnitsView:
    marks: dict[str, tuple[RateLine | None, ...]] = {r.unit: (None, r) for r in RATES}
    return UnitsView(PERIOD, RATES, (BEFORE, PERIOD), marks)


def search() -> SearchView:
    kinds = ("indicator", "unit", "action", "safeguard", "quarter")
    return SearchView(
        PERIOD, tuple(SearchEntry(k, "I-09", "行政审批事项网上办理率", "达90%", "units.html") for k in kinds)
    )


SITE_PAGES: dict[str, Any] = {
    "site/index": overview(), "site/indicators": IndicatorsView(PERIOD, (domain_card(),)), "site/indicator": indicator(),
    "site/quarter": quarter(), "site/units": units(), "site/actions": actions(), "site/search": search(),
}  # fmt: skip
