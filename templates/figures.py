"""The chart of the summary mail as PNG: how many indicators stand where, by domain.

Belongs here: words and numbers as the template gets them. Does not: how it is drawn (report/lights.typ).
"""

from __future__ import annotations

from config.language import CHINESE, Language
from templates.document import template_bytes
from templates.formats import LIGHTS, clean, lights, quarter
from templates.published import LightCounts
from templates.render import Renderer
from templates.typeset import cleaned, typeset
from templates.views import SummaryView

NAME = "report/lights.typ"
WIDTH = 640  # pixels, as shown in the mail; drawn twice as dense
_PPI = 144
NAME_MAX = 16  # characters of a domain's name that fit beside its bar


def domain_rows(view: SummaryView, say: Language = CHINESE) -> tuple[tuple[str, LightCounts], ...]:
    """What the chart shows: name and counts of every domain that has indicators, plan-wide ones first.

    The plan-wide counts are what remains of the total, so that the bars add up to it.
    """
    rest = LightCounts(
        **{code: view.counts.of(code) - sum(d.counts.of(code) for d in view.domains) for code in LIGHTS}
    )
    rows = [(say("总体目标"), rest), *((d.name, d.counts) for d in view.domains)]
    return tuple((name, counts) for name, counts in rows if counts.total > 0)


def lights_png(renderer: Renderer, view: SummaryView) -> bytes | None:
    """``WIDTH`` pixels wide at double density; None when there is nothing to draw.

    The symbols of the lights stand beside the colours; the same record twice gives the same bytes.

    :raises templates.typeset.TypesetError: the template is wrong
    """
    say = renderer.say
    rows = domain_rows(view, say)
    if not rows:
        return None
    data = {
        "width": WIDTH,
        "lang": say.code,
        "title": say("%(period)s各领域指标状态（项）", period=quarter(view.period, say)),
        "lights": [
            {"code": code, "symbol": one.symbol, "label": one.label, "count": view.counts.of(code)}
            for code, one in lights(say).items()
        ],
        "rows": [
            {
                "name": _short(name),
                "total": counts.total,
                "counts": [{"code": c, "count": counts.of(c)} for c in LIGHTS if counts.of(c) > 0],
            }
            for name, counts in rows
        ],
    }
    return typeset(template_bytes(renderer, NAME), NAME, cleaned(data), form="png", ppi=_PPI)


def spoken(view: SummaryView, say: Language = CHINESE) -> str:
    """The chart in words, for readers whose mail program shows no images."""
    lines = []
    for name, counts in domain_rows(view, say):
        said = [
            say("%(light)s%(n)s", light=one.label, n=counts.of(code))
            for code, one in lights(say).items()
            if counts.of(code)
        ]
        lines.append(say("%(name)s：%(counts)s", name=name, counts=say.listed(said)))
    return say(
        "%(period)s各领域指标状态。%(lines)s。", period=quarter(view.period, say), lines=say("；").join(lines)
    )


def _short(name: str) -> str:
    shown = clean(name).replace("\n", " ").replace("\t", " ")
    return shown if len(shown) <= NAME_MAX else shown[: NAME_MAX - 1] + "…"
