"""Tables a coordinator reads beside a run. Keys never change, so that the history of a key shows the quarters.

Belongs here: what stands in which table, links, progress. Does not: figures (they come from the mart).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from config.calendar import SHANGHAI
from flows.mailing.outbox import KINDS
from flows.office import Office
from flows.steps import CollectResult, RecheckResult, ReportResult
from flows.steps.rehearsing import Rehearsal
from templates import formats

# Shapes that every Chinese font has, readable without colour.
LIGHTS = {
    "met": "★ 已达成",
    "green": "● 正常",
    "yellow": "▲ 滞后",
    "red": "■ 严重滞后",
    "none": "○ 无法判断",
}

MAIL_STATES = {"queued": "待发", "sending": "正在发", "sent": "已发", "failed": "失败", "unsure": "不明"}
MOST_MAILS = 200  # a table that the browser still shows at once


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
    due_at = view["due_at"][:16].replace("T", " ")
    create_table_artifact(rows, key="who-owes", description=f"{view['period']} 应报与欠报；截止 {due_at}")


def verdicts(office: Office, result: CollectResult) -> None:
    names = {u.code: u.name for u in office.config.units}
    rows = [
        {
            "单位": names.get(line["unit"], line["unit"] or "（无主文件夹）"),
            "文件": line["file_name"],
            "结论": line["label"],
            "回执号": line["receipt_no"],
            "说明": line["reason"],
        }
        for line in result.lines
    ]
    if rows:
        create_table_artifact(rows, key="verdicts", description="本次采集：每份报送的结论")


def findings(office: Office, period: str) -> None:
    """By unit what is wrong now; the cells are on the data-quality pages of the site."""
    with office.reader() as reader:
        found = reader.rows("list_units_checks", {"period": period})
    rows = [
        {
            "单位": r["name"], "编码": r["unit"], "收到文件": r["files"], "错误": r["errors"], "需说明": r["warnings"],
            "提示": r["infos"], "待更正": r["corrections"],
        }
        for r in found
        if r["files"] or r["errors"] or r["warnings"]
    ]  # fmt: skip
    total = sum(r["错误"] for r in rows)
    create_table_artifact(
        rows or [{"结论": "还没有收到报送"}],
        key="findings",
        description=f"{period} 各单位校验问题，错误 {total} 处。{_link('逐格明细', f'quality/{period}-cells.html')}",
    )


def mail_queue(office: Office, period: str | None) -> None:
    """Letters of a quarter that have not arrived, then a count of the others; all quarters without ``period``."""
    with office.reader() as reader:
        mails = reader.rows("list_mails", {"period": period, "state": None})
    names = {u.code: u.name for u in office.config.units}
    open_ones = [m for m in mails if m["state"] != "sent"]
    rows = [
        {
            "状态": MAIL_STATES.get(m["state"], m["state"]), "种类": KINDS.get(m["kind"], m["kind"]),
            "收件人": m["recipient"], "单位": names.get(m["unit"], ""), "主题": m["subject"], "次数": m["attempts"],
            "排队时间": f"{m['queued_at'].astimezone(SHANGHAI):%Y-%m-%d %H:%M}", "原因": m["last_error"] or "",
        }
        for m in open_ones[:MOST_MAILS]
    ]  # fmt: skip
    counts = Counter(MAIL_STATES.get(m["state"], m["state"]) for m in mails)
    said = "，".join(f"{state} {n}" for state, n in counts.items()) or "没有邮件"
    more = f"；未列出 {len(open_ones) - MOST_MAILS} 封" if len(open_ones) > MOST_MAILS else ""
    create_table_artifact(
        rows or [{"结论": "没有未寄达的邮件"}],
        key="mail-queue",
        description=f"{period or '全部报告期'} 邮件：{said}{more}",
    )


def rechecked(office: Office, result: RecheckResult) -> None:
    """Files whose verdict is another one by the rules of today."""
    names = {u.code: u.name for u in office.config.units}
    rows = [
        {
            "单位": names.get(line["unit"], line["unit"]), "文件": line["file_name"], "回执号": line["receipt_no"],
            "复核后": line["label"], "说明": line["reason"],
        }
        for line in result.changed
    ]  # fmt: skip
    create_table_artifact(
        rows or [{"结论": "没有一份报送的结论改变"}],
        key="recheck",
        description=f"{result.period} 复核：结论改变的报送",
    )


class Progress:
    """A bar beside a run of several steps: ``with Progress(what, 3) as p: ...; p.step(name)``."""

    def __init__(self, what: str, steps: int) -> None:
        self.what, self.steps, self.done = what, steps, 0

    def __enter__(self) -> Progress:
        made: Any = create_progress_artifact(0.0, key="progress", description=f"{self.what}：开始")
        self.artifact: UUID = made
        return self

    def step(self, name: str) -> None:
        self.done += 1
        update_progress_artifact(
            self.artifact,
            100.0 * self.done / self.steps,
            description=f"{self.what}：{name}完成（{self.done}/{self.steps}）",
        )

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if kind is not None:
            update_progress_artifact(
                self.artifact,
                100.0 * self.done / self.steps,
                description=f"{self.what}：停在第 {self.done + 1} 步",
            )


def _link(text: str, page: str) -> str:
    """A page of the report site; without a site in reach only its name."""
    site = os.environ.get("JIBAO_SITE_URL", "")
    return f"[{text}]({site}/{page})" if site else f"{text}：site/{page}"


def attainment(result: ReportResult) -> None:
    """Every indicator with its light and last quarter's, and where the report lies."""
    counts = "，".join(f"{LIGHTS[k]} {n}" for k, n in result.headline.items())
    rows = [
        {title: _shown(row.get(column)) for title, column in _COLUMNS.items()}
        | {"现值": _shown(row.get("state") or row.get("actual"))}
        for row in result.attainment
    ]
    create_table_artifact(rows, key="attainment", description=f"{result.period} 完成情况：{counts}")
    file = f"reports/{result.period}/{result.summary.name}"
    site = os.environ.get("JIBAO_SITE_URL", "")
    links = f"[{file}]({site}/{file})，[站点首页]({site}/)" if site else f"`{file}`（工作目录内）"
    links += f"，{_link('数据质量', 'quality/index.html')}"
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
    note = "；该季度已关闭，正式重跑前须先重新开启" if closed else ""
    create_table_artifact(
        rows or [{"结论": "重跑不会改变任何数据、状态或邮件"}],
        key="rehearsal",
        description=f"{period} 试算：正式重跑会变动的内容{note}",
    )


def sign_off_preview(office: Office, result: ReportResult, recipients: Sequence[str]) -> None:
    """What somebody signs: the figures, who gets them, and where the page lies."""
    counts = "\n".join(f"| {LIGHTS[k]} | {n} |" for k, n in result.headline.items())
    behind = [r for r in result.attainment if r.get("light") in ("yellow", "red")]
    lines = "\n".join(
        f"| {_cell(r.get('name'))} | {_shown(r.get('light'))} | {_shown(r.get('state') or r.get('actual'))} "
        f"| {_shown(r.get('attainment_pct'))} | {_shown(r.get('gap_pp'))} |"
        for r in behind
    )
    head = "| 指标 | 状态 | 现值 | 完成率% | 差距（百分点） |\n| --- | --- | --- | --- | --- |\n"
    to = "\n".join(f"- {_cell(person)}" for person in recipients)
    file = f"reports/{result.period}/{result.summary.name}"
    site = os.environ.get("JIBAO_SITE_URL", "")
    create_markdown_artifact(
        f"# {result.period} 通报签发单\n\n全文：{f'[{file}]({site}/{file})' if site else file}\n\n"
        f"## 完成情况\n\n| 状态 | 指标数 |\n| --- | --- |\n{counts}\n\n"
        f"## 滞后的指标\n\n{head + lines if behind else '没有'}\n\n"
        f"## 收件人（{len(recipients)} 人）\n\n{to}\n",
        key="sign-off-preview",
        description=f"{result.period} 通报待签发：数字与收件人",
    )


def _cell(value: Any) -> str:
    """Text that can break neither a table nor the page."""
    text = str(value or "").replace("\n", " ").replace("|", "\\|")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_COLUMNS = {
    "编码": "indicator", "指标": "name", "状态": "light", "上季状态": "previous_light", "现值": "actual",
    "计量单位": "unit_label", "完成率%": "attainment_pct", "进度%": "progress_pct", "应达%": "expected_pct",
    "差距（百分点）": "gap_pp", "目标": "wording", "说明": "note",
}  # fmt: skip


def _shown(value: Any) -> str:
    if value is None:
        return ""
    # Rounded as the report that is signed.
    return (
        formats.number(value).replace(",", "") if isinstance(value, float) else LIGHTS.get(value, str(value))
    )
