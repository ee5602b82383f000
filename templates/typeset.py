"""The 通报 as PDF, set by typst from a template (report/summary.typ) and the record as JSON.

Belongs here: words and numbers as the template gets them, compiling. Does not: layout (summary.typ), the chart (figures).
Nothing of the machine is read: only the shipped font, no system fonts, no file but the template.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pylopdf_fonts_zh_cn import sans_path

from config.language import CHINESE, Language
from templates import formats
from templates.document import template_bytes
from templates.formats import clean, gap, moment, number, percent, quantity, quarter
from templates.render import Renderer
from templates.views import (
    IndicatorLine,
    LightCounts,
    OfficeView,
    RestatementLine,
    SummaryView,
    UnitLine,
)

NAME = "report/summary.typ"
_SAID = re.compile(r'\bsay\("((?:[^"\\]|\\.)*)"\)')
_PLACE = re.compile(r"\w+\.typ:(\d+):\d+")


class TypesetError(RuntimeError):
    """The template does not compile; the message is typst's own. ``line`` counts from 1; None: not told."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def summary_pdf(renderer: Renderer, office: OfficeView, view: SummaryView) -> bytes:
    """``summary.pdf``, A4 with page numbers; the same record twice gives the same bytes.

    :raises TypesetError: the template is wrong
    """
    template = template_bytes(renderer, NAME)
    words = {text: renderer.say(text) for text in spoken(template.decode("utf-8", "replace"))}
    data = summary_data(office, view, renderer.say) | {"words": words, "lang": renderer.say.code}
    return typeset(template, NAME, data, form="pdf")


def typeset(
    template: bytes,
    name: str,
    data: Mapping[str, Any],
    *,
    form: Literal["pdf", "png"],
    ppi: float | None = None,
) -> bytes:
    """What typst makes of a template whose ``sys.inputs.data`` is ``data`` as JSON.

    :param name: of the template, for messages
    :param data: texts as :func:`cleaned` leaves them
    :param form: ``pdf`` or ``png``; one page of the latter
    :param ppi: dots per inch of a PNG
    :raises TypesetError: the template is wrong
    """
    import typst

    with tempfile.TemporaryDirectory() as folder:
        # A root of its own: an edited template cannot read what else lies on the machine.
        source = Path(folder) / PurePosixPath(name).name
        source.write_bytes(template)
        try:
            return typst.compile(
                str(source),
                root=folder,
                font_paths=[str(sans_path().parent)],
                ignore_system_fonts=True,
                format=form,
                ppi=ppi,
                sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
                package_path=folder,
                package_cache_path=folder,
            )
        except (RuntimeError, ValueError) as error:
            place = _PLACE.search(str(getattr(error, "diagnostic", "")))
            raise TypesetError(str(error).replace(folder, ""), int(place[1]) if place else None) from error


def spoken(template: str) -> list[str]:
    """The sentences a typst template says: every ``say("...")`` in it."""
    return [text.replace('\\"', '"') for text in _SAID.findall(template)]


def summary_data(office: OfficeView, view: SummaryView, say: Language = CHINESE) -> dict[str, Any]:
    """The record with every figure as people read it; all leaves are strings."""
    c = view.counts
    data = {
        "office": {
            "city_name": office.city_name, "plan_name": office.plan_name, "sender_name": office.sender_name,
            "contact": office.contact,
        },
        "title": say("%(period)s进展通报", period=quarter(view.period, say)),
        "as_of": moment(view.as_of, say),
        "day": formats.day(view.as_of, say),
        "due_at": moment(view.due_at, say),
        "lights": [_light(code, say) | {"count": str(c.of(code))} for code in formats.LIGHTS],
        "overall": say(
            "共%(total)s项指标：已达成%(met)s项，进度正常%(green)s项，滞后%(yellow)s项，严重滞后%(red)s项；"
            "另有%(none)s项无法判断，原因见第八部分。应报%(expected)s项，已采用%(accepted)s项，"
            "报送完整率%(completeness)s，及时率%(timeliness)s，一次合格率%(quality)s。",
            total=c.total, met=c.met, green=c.green, yellow=c.yellow, red=c.red, none=c.none,
            expected=view.expected, accepted=view.accepted, completeness=percent(view.completeness_pct),
            timeliness=percent(view.timeliness_pct), quality=percent(view.quality_pct),
        ),
        "previous": _previous(view.previous_counts, say),
        "behind": [_indicator(i, say) for i in view.paper_behind],
        "behind_folded": _cut(view.paper_behind, view.behind, say),
        "domains": [
            {"name": d.name, "score": percent(d.score_pct), "scored": str(d.scored),
             "counts": [str(d.counts.of(code)) for code in formats.LIGHTS]}
            for d in view.domains
        ],
        "groups": [
            {"name": name or say("总体目标"), "lines": [_indicator(i, say) for i in lines],
             "folded": _cut(lines, all_lines, say)}
            for name, lines, all_lines in view.paper_by_domain
        ],
        "changed": [_indicator(i, say) for i in view.paper_changed],
        "changed_folded": _cut(view.paper_changed, view.changed, say),
        "restatements": [
            {"period": quarter(r.period, say), "unit_name": r.unit_name, "name": r.name, "reason": say.stored(r.reason),
             "old": _restated(r, r.old_value, r.old_light, r.old_progress_pct, say),
             "new": _restated(r, r.new_value, r.new_light, r.new_progress_pct, say)}
            for r in view.restatements
        ],
        "late": _late(view.units, view.late, say),
        "units": [
            {"rank": number(u.rank, 0), "unit": u.unit, "name": u.name, "expected": str(u.expected),
             "accepted": str(u.accepted), "completeness": percent(u.completeness_pct),
             "timeliness": percent(u.timeliness_pct), "quality": percent(u.quality_pct)}
            for u in view.paper_units
        ],
        "folded": _folded(len(view.units), len(view.paper_units), say("排名最前和最后的"), say),
        "quality": [
            {"title": q.title, "severity": formats.severity(q.severity, say), "findings": str(q.findings),
             "units": str(q.units)}
            for q in view.quality
        ],
        "explanations": [
            {"unit_name": e.unit_name, "name": e.name, "remark": e.remark} for e in view.explanations
        ],
        "undefined": [_indicator(i, say) for i in view.paper_undefined],
        "undefined_folded": _cut(view.paper_undefined, view.undefined, say),
        "not_checked": say.listed(view.not_checked),
    }  # fmt: skip
    return cleaned(data)


def _indicator(i: IndicatorLine, say: Language) -> dict[str, Any]:
    return {
        "indicator": i.indicator,
        "name": i.name + (say("（力争）") if i.aspirational else ""),
        "light": _light(i.light, say),
        "previous_light": _light(i.previous_light, say),
        "actual": say(i.state) if i.state else quantity(i.actual, i.unit_label, say=say),
        "previous_actual": say(i.previous_state)
        if i.previous_state
        else quantity(i.previous_actual, i.unit_label, say=say),
        "wording": i.wording,
        "progress": percent(i.progress_pct),
        "expected": percent(i.expected_pct),
        "gap": gap(i.gap_pp),
        "attainment": percent(i.attainment_pct),
        "note": say.stored(i.note or ""),
        "units": [
            {"name": u.unit_name, "light": _light(u.light, say), "actual": quantity(u.actual, i.unit_label, say=say),
             "attainment": percent(u.attainment_pct), "progress": percent(u.progress_pct), "note": say.stored(u.note or "")}
            for u in i.paper_units
        ],
        "folded": _folded(len(i.units), len(i.paper_units), say("进度最慢的"), say),
    }  # fmt: skip


def _light(code: str | None, say: Language) -> dict[str, str]:
    one = formats.light(code, say)
    return {"code": one.code, "label": one.label, "symbol": one.symbol}


def _previous(counts: LightCounts | None, say: Language) -> str:
    if counts is None:
        return ""
    said = [
        say("%(light)s%(n)s项", light=one.label, n=counts.of(code))
        for code, one in formats.lights(say).items()
    ]
    return say("上季：%(counts)s。", counts=say("，").join(said))


def _restated(
    r: RestatementLine, value: float | None, light: str, progress: float | None, say: Language
) -> str:
    text = quantity(value, r.unit_label, say=say)
    return f"{text} {_light(light, say)['label']} {percent(progress)}" if r.is_standing_only else text


def _late(units: Sequence[UnitLine], late: Sequence[UnitLine], say: Language) -> str:
    if not late:
        return ""
    said = [
        say("%(name)s（尚欠%(n)s项）", name=u.name, n=u.owed_count)
        if u.owed_count
        else say("%(name)s（逾期报齐）", name=u.name)
        for u in late
    ]
    return say(
        "共%(units)s个单位，未按时报齐%(late)s个：%(names)s。",
        units=len(units),
        late=len(late),
        names=say.listed(said),
    )


def _folded(units: int, shown: int, which: str, say: Language) -> str:
    """What a table leaves out, said below it; empty when it holds every unit."""
    if units == shown:
        return ""
    return say(
        "共%(units)s个单位，上表是%(which)s%(shown)s个，全部见网页版通报。",
        units=units,
        which=which,
        shown=shown,
    )


def _cut(shown: Sequence[IndicatorLine], lines: Sequence[IndicatorLine], say: Language) -> str:
    if len(shown) == len(lines):
        return ""
    others = len(lines) - len(shown)
    return say("上表列出%(shown)s项，另有%(others)s项见网页版通报。", shown=len(shown), others=others)


def cleaned(data: dict[str, Any]) -> dict[str, Any]:
    """The record with texts that typst can take and a page can show; numbers stay."""
    return {key: _clean(one) for key, one in data.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return cleaned(value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if not isinstance(value, str):
        return value
    # A lone surrogate cannot be written as UTF-8, which is how typst takes its input.
    return clean(value).encode("utf-8", "ignore").decode("utf-8")
