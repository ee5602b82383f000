"""Tables a coordinator reads beside a run. Keys never change, so that the history of a key shows the quarters."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.office import Office
from flows.steps import CollectResult, ReportResult

LIGHTS = {
    "met": "✅ 已达成",
    "green": "🟢 正常",
    "yellow": "🟡 滞后",
    "red": "🔴 严重滞后",
    "none": "⚪ 无法判断",
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
