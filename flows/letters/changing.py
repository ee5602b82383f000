"""What a later file changed in figures that already counted: told to the coordinator, old beside new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flows.letters.posting import Post
from templates.formats import light, quantity
from templates.views import CountedLine
from warehouse.facts import Judged
from warehouse.ledger import OutgoingMail

LINES_MAX = 40


def change_alert(
    post: Post, judged: Judged, counted: Sequence[tuple[CountedLine, dict[str, Any]]]
) -> list[OutgoingMail]:
    """One alert a file that replaced accepted figures of indicators; none when nothing was replaced.

    :param counted: what the file brought, each with its row of ``list_counted.sql``
    """
    changed = [(line, row) for line, row in counted if line.is_change and row["is_indicator"]]
    if not changed:
        return []
    s = judged.submission
    lines = [_told(line, row) for line, row in changed[:LINES_MAX]]
    if len(changed) > LINES_MAX:
        lines.append(f"另有{len(changed) - LINES_MAX}项,见回执。")
    restated = any(str(row["reason"]).startswith("重述") for _, row in changed)
    what = "属于以前季度,重新汇总后,已发布的该季通报会随之变化。" if restated else "重新汇总后计入。"
    return [
        post.alert(
            f"{post.name_of(s.unit)}{'重述' if restated else '更正'}了{len(changed)}项已采用的数据",
            lines,
            f"回执{s.receipt_no},文件“{s.file_name}”。{what}对改动有疑问的,请退回并说明理由。",
            step=f"changed/{s.receipt_no}",
            period=s.period,
        )
    ]


def _told(line: CountedLine, row: dict[str, Any]) -> str:
    old = _figure(line.previous_value, line.previous_state, line.previous_is_nil, line.unit_label)
    new = _figure(line.value, line.state, line.is_nil, line.unit_label)
    published = row["published_light"]
    shown = light(published).label if published and published != "none" else ""
    told = f"{line.name}({line.item}):{old} 改为 {new}" + (f",现灯号{shown},可能变化" if shown else "")
    return told + (
        f";原因:{row['reason'].removeprefix('重述:')}" if str(row["reason"]).startswith("重述") else ""
    )


def _figure(value: float | None, state: str | None, is_nil: bool, unit_label: str) -> str:
    return "零报告" if is_nil else state if state else quantity(value, unit_label, 4)
