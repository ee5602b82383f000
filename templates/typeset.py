"""The 通报 as PDF, set by typst from a template (report/summary.typ) and the record as JSON.

Belongs here: words and numbers as the template gets them, compiling. Does not: layout (summary.typ).
Nothing of the machine is read: only the shipped font, no system fonts, no file but the template.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pylopdf_fonts_zh_cn import sans_path

from templates import formats
from templates.document import template_bytes
from templates.formats import clean, moment, number, percent, quantity, quarter
from templates.render import Renderer
from templates.views import IndicatorLine, LightCounts, OfficeView, SummaryView, UnitLine

NAME = "report/summary.typ"
_PLACE = re.compile(r"summary\.typ:(\d+):\d+")


class TypesetError(RuntimeError):
    """The template does not compile; the message is typst's own. ``line`` counts from 1; None: not told."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def summary_pdf(renderer: Renderer, office: OfficeView, view: SummaryView) -> bytes:
    """``summary.pdf``, A4 with page numbers; the same record twice gives the same bytes.

    :raises TypesetError: the template is wrong
    """
    import typst

    with tempfile.TemporaryDirectory() as folder:
        # A root of its own: an edited template cannot read what else lies on the machine.
        source = Path(folder) / "summary.typ"
        source.write_bytes(template_bytes(renderer, NAME))
        try:
            return typst.compile(
                str(source),
                root=folder,
                font_paths=[str(sans_path().parent)],
                ignore_system_fonts=True,
                format="pdf",
                sys_inputs={"data": json.dumps(summary_data(office, view), ensure_ascii=False)},
                package_path=folder,
                package_cache_path=folder,
            )
        except (RuntimeError, ValueError) as error:
            place = _PLACE.search(str(getattr(error, "diagnostic", "")))
            raise TypesetError(str(error).replace(folder, ""), int(place[1]) if place else None) from error


def summary_data(office: OfficeView, view: SummaryView) -> dict[str, Any]:
    """The record with every figure as people read it; all leaves are strings."""
    c = view.counts
    data = {
        "office": {
            "city_name": office.city_name, "plan_name": office.plan_name, "sender_name": office.sender_name,
            "contact": office.contact,
        },
        "title": f"{quarter(view.period)}进展通报",
        "as_of": moment(view.as_of),
        "day": formats.day(view.as_of),
        "due_at": moment(view.due_at),
        "lights": [_light(code) | {"count": str(c.of(code))} for code in formats.LIGHTS],
        "overall": (
            f"共{c.total}项指标：已达成{c.met}项，进度正常{c.green}项，滞后{c.yellow}项，严重滞后{c.red}项；"
            f"另有{c.none}项无法判断，原因见第八部分。应报{view.expected}项，已采用{view.accepted}项，"
            f"报送完整率{percent(view.completeness_pct)}，及时率{percent(view.timeliness_pct)}，"
            f"一次合格率{percent(view.quality_pct)}。"
        ),
        "previous": _previous(view.previous_counts),
        "behind": [_indicator(i) for i in view.behind],
        "domains": [
            {"name": d.name, "score": percent(d.score_pct), "scored": str(d.scored),
             "counts": [str(d.counts.of(code)) for code in formats.LIGHTS]}
            for d in view.domains
        ],
        "groups": [
            {"name": name or "总体目标", "lines": [_indicator(i) for i in lines]}
            for name, lines in view.by_domain
        ],
        "changed": [_indicator(i) for i in view.changed],
        "restatements": [
            {"period": quarter(r.period), "unit_name": r.unit_name, "name": r.name, "reason": r.reason,
             "old": quantity(r.old_value, r.unit_label), "new": quantity(r.new_value, r.unit_label)}
            for r in view.restatements
        ],
        "late": _late(view.units, view.late),
        "units": [
            {"rank": number(u.rank, 0), "unit": u.unit, "name": u.name, "expected": str(u.expected),
             "accepted": str(u.accepted), "completeness": percent(u.completeness_pct),
             "timeliness": percent(u.timeliness_pct), "quality": percent(u.quality_pct)}
            for u in view.units
        ],
        "quality": [
            {"title": q.title, "severity": formats.severity(q.severity), "findings": str(q.findings),
             "units": str(q.units)}
            for q in view.quality
        ],
        "explanations": [
            {"unit_name": e.unit_name, "name": e.name, "remark": e.remark} for e in view.explanations
        ],
        "undefined": [_indicator(i) for i in view.undefined],
        "not_checked": "、".join(view.not_checked),
    }  # fmt: skip
    cleaned: dict[str, Any] = _clean(data)
    return cleaned


def _indicator(i: IndicatorLine) -> dict[str, Any]:
    return {
        "indicator": i.indicator,
        "name": i.name + ("（力争）" if i.aspirational else ""),
        "light": _light(i.light),
        "previous_light": _light(i.previous_light),
        "actual": i.state or quantity(i.actual, i.unit_label),
        "previous_actual": quantity(i.previous_actual, i.unit_label),
        "wording": i.wording,
        "progress": percent(i.progress_pct),
        "expected": percent(i.expected_pct),
        "gap": number(i.gap_pp, 1),
        "attainment": percent(i.attainment_pct),
        "note": i.note or "",
        "units": [
            {"name": u.unit_name, "light": _light(u.light), "actual": quantity(u.actual, i.unit_label),
             "attainment": percent(u.attainment_pct), "progress": percent(u.progress_pct), "note": u.note or ""}
            for u in i.units
        ],
    }  # fmt: skip


def _light(code: str | None) -> dict[str, str]:
    one = formats.light(code)
    return {"code": one.code, "label": one.label, "symbol": one.symbol}


def _previous(counts: LightCounts | None) -> str:
    if counts is None:
        return ""
    said = "，".join(f"{one.label}{counts.of(code)}项" for code, one in formats.LIGHTS.items())
    return f"上季：{said}。"


def _late(units: Sequence[UnitLine], late: Sequence[UnitLine]) -> str:
    if not late:
        return ""
    said = "、".join(f"{u.name}（{f'尚欠{u.owed_count}项' if u.owed_count else '逾期报齐'}）" for u in late)
    return f"共{len(units)}个单位，未按时报齐{len(late)}个：{said}。"


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_clean(one) for one in value]
    # A lone surrogate cannot be written as UTF-8, which is how typst takes its input.
    return clean(value).encode("utf-8", "ignore").decode("utf-8")
