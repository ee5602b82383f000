"""Tables a coordinator reads beside a run. Keys never change, so that the history of a key shows the quarters."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.office import Office
from flows.steps import CollectResult, ReportResult
from flows.steps.rehearsing import Rehearsal

# Shapes that every Chinese font has, readable without colour.
LIGHTS = {
    "met": "★ 已达成",
    "green": "● 正常",
    "yellow": "▲ 滞后",
    "red": "■ 严重滞后",
    "none": "○ 无法判断",
}


def who_owes(office: Office, view: Mapping[str, Any]) -> None:
    """Per unit: how much it owes, what arrived, whether it is late (``view``: steps.status)."""
    names = {u.code: u.name for u in office.config.units}
    rows = [
        {
            "单位": names.get(u["unit"], u["unit"]),
            "编码": u["unit"],
            "应报": u["expected"],
            "已接收": u["accepted"],
            "欠报": len(u["owed"]),
            "逾期": "是" if u["is_late"] and u["owed"] else "",
        }
        for u in view["units"]
    ]
    create_table_artifact(
        rows, key="who-owes", description=f"{view['period']} 应报与欠报;截止 {view['due_at'][:16]}"
    )


def verdicts(office: Office, result: CollectResult) -> None:
    names = {u.code: u.name for u in office.config.units}
    rows = [
        {
            "单位": names.get(line["unit"], line["unit"] or "(无主文件夹)"),
            "文件": line["file_name"],
            "结论": line["label"],
            "回执号": line["receipt_no"],
            "说明": line["reason"],
        }
        for line in result.lines
    ]
    if rows:
        create_table_artifact(rows, key="verdicts", description="本次采集:每份报送的结论")


def attainment(result: ReportResult) -> None:
    """Every indicator with its light and last quarter's, and where the report lies."""
    counts = ",".join(f"{LIGHTS[k]} {n}" for k, n in result.headline.items())
    rows = [
        {title: _shown(row.get(column)) for title, column in _COLUMNS.items()} for row in result.attainment
    ]
    create_table_artifact(rows, key="attainment", description=f"{result.period} 完成情况:{counts}")
    file = f"reports/{result.period}/{result.summary.name}"
    site = os.environ.get("JIBAO_SITE_URL", "")
    links = f"[{file}]({site}/{file}),[站点首页]({site}/)" if site else f"`{file}`(工作目录内)"
    create_markdown_artifact(
        f"# {result.period} 通报\n\n{counts}\n\n{links}\n",
        key="summary",
        description=f"{result.period} 通报在哪里",
    )


def rehearsal(office: Office, period: str, found: Rehearsal, *, closed: bool) -> None:
    """What a rerun would change: files, figures, lights, mails; one table, so that nothing is overlooked."""
    units = {u.code: u.name for u in office.config.units}
    items = {i.code: i.name for i in office.config.plan.indicators}
    rows = [
        {
            "类别": "报送",
            "单位": units.get(x["unit"], x["unit"]),
            "对象": x["file_name"],
            "现在": "",
            "重跑后": x["label"],
        }
        for x in found.collected.lines
    ]
    rows += [
        {
            "类别": "数据", "单位": units.get(r["unit"], r["unit"]), "对象": items.get(r["item"], r["item"]),
            "现在": f"修订 {r['revision'] - 1}" if r["revision"] > 1 else "没有",
            "重跑后": _shown(r["state"] if r["value"] is None else r["value"]),
        }
        for r in found.revisions
    ]  # fmt: skip
    rows += [
        {
            "类别": "状态", "单位": units.get(c.unit, "全市"), "对象": items.get(c.indicator, c.indicator),
            "现在": f"{_shown(c.before or '没有')} {_shown(c.actual_before)}".strip(),
            "重跑后": f"{_shown(c.after)} {_shown(c.actual_after)}".strip(),
        }
        for c in found.lights
    ]  # fmt: skip
    rows += [
        {
            "类别": "邮件",
            "单位": units.get(m["unit"], m["unit"] or ""),
            "对象": m["subject"],
            "现在": "",
            "重跑后": "排队",
        }
        for m in found.mails
    ]
    note = ";该季度已关闭,正式重跑前须先重新开启" if closed else ""
    create_table_artifact(
        rows or [{"结论": "重跑不会改变任何数据、状态或邮件"}],
        key="rehearsal",
        description=f"{period} 试算:正式重跑会变动的内容{note}",
    )


def sign_off_preview(office: Office, result: ReportResult, recipients: Sequence[str]) -> None:
    """What somebody signs: the figures, who gets them, and where the page lies."""
    counts = "\n".join(f"| {LIGHTS[k]} | {n} |" for k, n in result.headline.items())
    behind = [r for r in result.attainment if r.get("light") in ("yellow", "red")]
    lines = "\n".join(
        f"| {_cell(r.get('name'))} | {_shown(r.get('light'))} | {_shown(r.get('actual'))} "
        f"| {_shown(r.get('attainment_pct'))} | {_shown(r.get('gap_pp'))} |"
        for r in behind
    )
    head = "| 指标 | 状态 | 现值 | 完成率% | 差距(百分点) |\n| --- | --- | --- | --- | --- |\n"
    to = "\n".join(f"- {_cell(person)}" for person in recipients)
    file = f"reports/{result.period}/{result.summary.name}"
    site = os.environ.get("JIBAO_SITE_URL", "")
    create_markdown_artifact(
        f"# {result.period} 通报签发单\n\n全文:{f'[{file}]({site}/{file})' if site else file}\n\n"
        f"## 完成情况\n\n| 状态 | 指标数 |\n| --- | --- |\n{counts}\n\n"
        f"## 滞后的指标\n\n{head + lines if behind else '没有'}\n\n"
        f"## 收件人({len(recipients)} 人)\n\n{to}\n",
        key="sign-off-preview",
        description=f"{result.period} 通报待签发:数字与收件人",
    )


def _cell(value: Any) -> str:
    """Text that can break neither a table nor the page."""
    text = str(value or "").replace("\n", " ").replace("|", "\\|")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_COLUMNS = {
    "编码": "indicator", "指标": "name", "状态": "light", "上季状态": "previous_light", "现值": "actual",
    "计量单位": "unit_label", "完成率%": "attainment_pct", "进度%": "progress_pct", "应达%": "expected_pct",
    "差距(百分点)": "gap_pp", "目标": "wording", "说明": "note",
}  # fmt: skip


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return (
        f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else LIGHTS.get(value, str(value))
    )
