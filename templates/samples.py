"""Plausible records for every template: `jibao render --check` and the tests fill templates with them.

Every list has entries and every optional value is set somewhere; ``bare`` empties the lists.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from templates.quality import (
    DataDocsPage,
    DataDocsView,
    QualityCell,
    QualityRule,
    QualityRun,
    QualityUnit,
    QualityView,
)
from templates.site_samples import SITE_PAGES
from templates.views import (
    AlertView,
    BacktestLine,
    CountedLine,
    DomainLine,
    DuplicateView,
    ExplanationLine,
    FindingLine,
    HeldView,
    IndicatorLine,
    LightCounts,
    OfficeView,
    OpeningView,
    OwedItem,
    OwingUnit,
    QualityLine,
    ReceiptView,
    ReminderView,
    RestatementLine,
    ReturnLine,
    ReturnView,
    SummaryView,
    TrajectoryPoint,
    UnitFigureLine,
    UnitFileLine,
    UnitLine,
    UnitPageView,
    UnitResult,
)

DUE = datetime(2019, 10, 18, 10, 0, tzinfo=UTC)  # 18:00 in Beijing
GRACE = datetime(2019, 11, 1, 10, 0, tzinfo=UTC)
OFFICE = OfficeView("“互联网+”行动计划", "梅州市", "梅州市经济和信息化局", "市经信局 张三 0753-0000000")
OWED = (
    OwedItem("I-01", "indicator", "电子商务交易额", "亿元"),
    OwedItem("A-0101", "action", "加快工业互联网建设"),
)
ERRORS = (
    FindingLine("error", "填报表", "G5", "约1000", "“约1000”不明确，请填数字。", "电子商务交易额", "I-01"),
    FindingLine("error", "", "", "", "文件没有表尾“填报行数”一行，请恢复。"),
)  # fmt: skip
WARNINGS = (
    FindingLine("warning", "填报表", "G6", "2730", "比上季增长82%，请核对并说明。", "网上零售额", "I-02"),
)
_FILE: dict[str, Any] = {
    "receipt_no": "HZ-2019Q3-000123",
    "unit": "441402",
    "unit_name": "梅江区",
    "period": "2019-Q3",
    "file_name": "441402_2019-Q3.xlsx",
    "received_at": datetime(2019, 10, 15, 1, 30, tzinfo=UTC),
}


def opening() -> OpeningView:
    return OpeningView(
        "2019-Q3", "441402", "梅江区", "李四", DUE, GRACE, "441402_2019-Q3.xlsx", "441402", OWED, 2
    )


def receipt() -> ReceiptView:
    counted = (
        CountedLine("I-01", "电子商务交易额", "G5", 812.5, "亿元", previous_value=800.0),
        CountedLine("I-03", "智慧园区", "G7", state="推进中"),
        CountedLine("I-04", "试点企业", "G8", is_nil=True),
    )
    return ReceiptView(
        **_FILE, sha256="ab" * 32, status="accepted_with_warnings", timely=True,
        counted=counted, still_owed=OWED[1:], warnings=WARNINGS, due_at=DUE,
    )  # fmt: skip


def returned() -> ReturnView:
    return ReturnView(
        **_FILE, sha256="cd" * 32, due_at=DUE, errors=ERRORS, warnings=WARNINGS, counted_count=3,
        still_owed=OWED, annotated_name="441402_2019-Q3_退回.xlsx", drop_folder="441402", reason="口径有误",
    )  # fmt: skip


def duplicate() -> DuplicateView:
    return DuplicateView(
        **_FILE,
        first_file_name="三季度.xlsx",
        first_received_at=datetime(2019, 10, 12, tzinfo=UTC),
        status="accepted",
    )


def held(audience: str = "unit") -> HeldView:
    return HeldView(
        **_FILE,
        audience=audience,
        sha256=None,
        reason="文件设有打开密码，未读取。",
        detail="OLE2",
        drop_folder="441402",
    )


def reminder() -> ReminderView:
    units = (OwingUnit("441402", "梅江区", OWED, ERRORS), OwingUnit("FGJ", "市发展改革局", OWED[:1]))
    return ReminderView("2019-Q3", "王五", "head", "yellow", -3, DUE, GRACE, units)


def alert() -> AlertView:
    return AlertView("缺少联系人", DUE, ("市商务局没有填报人员邮箱",), "请补充联系人后重新发送。", "2019-Q3")


def _points(last: float | None, light: str) -> tuple[TrajectoryPoint, ...]:
    expected = (65.0, 70.0, 75.0)
    reached = (None, None, None) if last is None else (last - 20, last - 9, last)
    return tuple(
        TrajectoryPoint(f"2019-Q{q}", p, e, None, light)
        for q, p, e in zip((1, 2, 3), reached, expected, strict=True)
    )


def indicator(code: str, name: str, light: str, progress: float | None, **more: Any) -> IndicatorLine:
    gap = None if progress is None else 75.0 - progress
    base = IndicatorLine(
        code, name, "D-01", "“互联网+”先进制造", "亿元", "超过1000亿元", "at_least", 812.5, light,
        coverage="6/8", baseline=300.0, attainment_pct=81.25, met=light == "met", progress_pct=progress,
        expected_pct=None if progress is None else 75.0, gap_pp=gap, required_per_quarter=37.5,
        projected_2020=980.0, projected_low=940.0, projected_high=1010.0, previous_actual=760.0,
        previous_light="green", points=_points(progress, light),
    )  # fmt: skip
    return replace(base, **more)


def summary() -> SummaryView:
    indicators = (
        indicator("I-01", "电子商务交易额", "met", 104.0, aspirational=True),
        indicator("I-02", "网上零售额", "green", 78.0),
        indicator("I-03", "物流总费用占地区生产总值比重", "yellow", 61.5,
                  unit_label="%", actual=15.6, wording="下降到14.5%",
                  target_kind="at_most", attainment_pct=None),
        indicator("I-04", "单位地区生产总值能耗下降率", "red", 22.0,
                  unit_label="%", actual=4.2, wording="比2014年下降16%",
                  units=(UnitResult("441402", "梅江区", 4.2, None, 22.0, "red"),
                         UnitResult("441403", "梅县区", None, None, None, "none", "未报送"))),
        indicator("I-05", "智慧旅游景区", "none", None, actual=None, attainment_pct=None,
                  domain=None, domain_name=None,
                  note="目标值原文缺失", projected_2020=None, previous_light="none", coverage=None),
        indicator("I-06", "社会信用体系", "yellow", 50.0, actual=None, state="推进中",
                  unit_label="状态", wording="基本健全"),
    )  # fmt: skip
    units = (
        UnitLine("FGJ", "市发展改革局", 6, 6, 100.0, 100.0, 100.0, 1),
        UnitLine("441402", "梅江区", 8, 6, 75.0, 62.5, 83.3, 2, True, 2),
        UnitLine("SWJ", "市商务局", 4, 0, 0.0, 0.0, None, 3, True, 4),
    )
    return SummaryView(
        period="2019-Q3", previous_period="2019-Q2", as_of=GRACE, due_at=DUE,
        counts=LightCounts(1, 1, 2, 1, 1),
        previous_counts=LightCounts(0, 4, 0, 0, 2),
        domains=(DomainLine("D-01", "“互联网+”先进制造", LightCounts(1, 1, 2, 1, 0), 66.4, 5),
                 DomainLine("D-02", "“互联网+”现代农业", LightCounts(none=1))),
        indicators=indicators, units=units, expected=18, accepted=12,
        completeness_pct=66.7, timeliness_pct=61.1,
        quality_pct=91.7, quality=(QualityLine("value_unreadable", "本期值不能识别", "error", 7, 4),),
        explanations=(ExplanationLine("梅江区", "网上零售额", "双十一活动提前"),),
        returns=(ReturnLine("缺少佐证", 2, 1),),
        restatements=(
            RestatementLine("2019-Q2", "梅县区", "网上零售额", 12.0, 21.0, "亿元", "录入错误"),
            RestatementLine(
                "2019-Q2", "梅县区", "网上零售额", 12.0, 12.0, "亿元", "基期修订", "yellow", "green", 40.0, 60.0
            ),
        ),
        backtest=(BacktestLine(1, 12, 4.2, 90.0), BacktestLine(2, 6, None, None)),
        not_checked=("同比异常检查（历史不足5期）",),
    )  # fmt: skip


MAILS: dict[str, Any] = {
    "opening": opening(), "receipt": receipt(), "return": returned(), "duplicate": duplicate(),
    "held": held(), "reminder": reminder(), "alert": alert(), "summary": summary(),
}  # fmt: skip


def unit_page() -> UnitPageView:
    own = UnitFigureLine(
        "I-09", "indicator", "行政审批事项网上办理率", "%", True, True, 71.3, remark="按计划推进", previous_value=67.6,
        wording="各县（市、区）达90%", light="yellow", attainment_pct=79.2, progress_pct=57.8, expected_pct=75.0,
        gap_pp=17.2, required_per_quarter=3.7, note="覆盖不全", city_light="green",
    )  # fmt: skip
    missing = UnitFigureLine(
        "I-02", "indicator", "网上零售额", "亿元", True, False, city_light="red", wording="20亿元"
    )
    nil = UnitFigureLine("I-03", "indicator", "试点企业", "家", True, True, is_nil=True)
    task = UnitFigureLine(
        "A-0101", "action", "加快工业互联网建设", "", True, True, state="推进中", previous_state="未启动"
    )
    files = (
        UnitFileLine("441402_2019-Q3.xlsx", "HZ-1", DUE, "returned", "本期值不能识别", True, 2, 1),
        UnitFileLine("441402_2019-Q3.xlsx", "HZ-2", GRACE, "accepted", None, False, 0, 0),
    )
    return UnitPageView(
        "2019-Q3", "441402", "梅江区", GRACE, DUE, GRACE, UnitLine("441402", "梅江区", 4, 3, 75.0, 62.5, 83.3, 2, True, 1), 8,
        (own, missing, nil, task), files, (*ERRORS, *WARNINGS), "2019-Q4", datetime(2020, 1, 15, 10, tzinfo=UTC), True,
    )  # fmt: skip


def quality() -> QualityView:
    runs = (
        QualityRun("run-1-abcdefgh", "collect", "命令行", DUE, "done", 3, 46, 46, 0, 2, 1.2, "1.24.1"),
        QualityRun("run-2-abcdefgh", "recheck", "界面", GRACE, "failed", 1, 0, 0, 3, 0, None, ""),
    )
    rules = (
        QualityRule(
            "value_unreadable",
            "本期值不能识别",
            "error",
            1,
            40,
            2,
            0.1,
            1,
            "1.24.1",
            9,
            2,
            2,
            (("441402", "梅江区"),),
        ),
        QualityRule("jump", "变动过大", "warning", 0, 0, 0, 0.0, 0, "", 0, 0, 0, ()),
    )
    cells = tuple(
        QualityCell("441402", "梅江区", severity, "value_unreadable", "本期值不能识别", sheet, cell, "电子商务交易额", "约1000",
                    "请填数字。", "HZ-1", "梅江区.xlsx", DUE, "returned", "run-1-abcdefgh")
        for severity, sheet, cell in (("error", "填报表", "G5"), ("warning", "填报表", "G6"), ("info", "", ""))
    )  # fmt: skip
    units = (
        QualityUnit("441402", "梅江区", 2, 1, 1, 1, 1),
        QualityUnit("FGJ", "市发展改革局", 1, 0, 0, 0, 0),
    )
    return QualityView("2019-Q3", GRACE, ("2019-Q3", "2019-Q2"), runs, rules, units, cells)


PAGES: dict[str, Any] = {
    "report/summary": summary(), **SITE_PAGES,
    "personal/unit": unit_page(), "site/quality_index": quality(), "site/quality_runs": quality(),
    "site/quality_rules": quality(), "site/quality_units": quality(), "site/quality_cells": quality(),
    "site/data_docs": DataDocsView(GRACE, (DataDocsPage("20191024-093000-rows.html", GRACE, "rows"),)),
}  # fmt: skip


def bare(view: Any) -> Any:
    """The record with its lists empty and its optional values absent, as far as its defaults say so."""
    return replace(view, **{f.name: () for f in fields(view) if isinstance(getattr(view, f.name), tuple)})
