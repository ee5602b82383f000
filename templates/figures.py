"""The chart of the summary mail as PNG: how many indicators stand where, by domain.

Belongs here: drawing. matplotlib is imported when a chart is drawn (0.7 s), never with the package.
"""

from __future__ import annotations

import io
from functools import cache

from pylopdf_fonts_zh_cn import sans_path

from config.language import CHINESE, Language
from templates.formats import LIGHTS, clean, lights, quarter
from templates.published import LightCounts
from templates.views import SummaryView

FILLS = {"met": "#2f6fc0", "green": "#2f9a5b", "yellow": "#e0a100", "red": "#cf3a30", "none": "#b4bcc7"}
_INK = {"met": "#ffffff", "green": "#ffffff", "yellow": "#1b2330", "red": "#ffffff", "none": "#1b2330"}
WIDTH = 640  # pixels, as shown in the mail; drawn twice as dense
_DPI = 200
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


def lights_png(view: SummaryView, say: Language = CHINESE) -> bytes | None:
    """``WIDTH`` pixels wide at double density; None when there is nothing to draw.

    The symbols of the lights stand beside the colours; the same record twice gives the same bytes.
    """
    rows = domain_rows(view, say)
    if not rows:
        return None
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    height = 74 + 25 * len(rows)
    # parse_math off: a name with dollar signs is a name.
    with mpl.rc_context({"font.family": _family(), "text.parse_math": False, "axes.unicode_minus": False}):
        figure = Figure(figsize=(WIDTH * 2 / _DPI, height * 2 / _DPI), dpi=_DPI, facecolor="white")
        axes = figure.add_axes((0.335, 0.02, 0.645, 1 - 68 / height))
        most = max(counts.total for _, counts in rows)
        for line, (_, counts) in enumerate(rows):
            left = 0
            for code in LIGHTS:
                count = counts.of(code)
                if count <= 0:
                    continue
                axes.barh(line, count, left=left, height=0.72, color=FILLS[code], edgecolor="white", lw=0.8)
                axes.text(
                    left + count / 2,
                    line + 0.02,
                    str(count),
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color=_INK[code],
                )
                left += count
        axes.set_xlim(0, most * 1.02)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_yticks(range(len(rows)), [_short(name) for name, _ in rows], fontsize=9)
        axes.set_xticks([])
        axes.tick_params(length=0)
        for side in ("top", "right", "bottom"):
            axes.spines[side].set_visible(False)
        axes.spines["left"].set_color("#b4bcc7")
        figure.text(
            0.02,
            1 - 20 / height,
            say("%(period)s各领域指标状态（项）", period=quarter(view.period, say)),
            fontsize=10,
            color="#14284a",
            va="center",
        )
        figure.legend(
            handles=[
                Patch(facecolor=FILLS[code], label=f"{one.symbol} {one.label} {view.counts.of(code)}")
                for code, one in lights(say).items()
            ],
            loc="center left", bbox_to_anchor=(0.01, 1 - 47 / height), ncols=5, frameon=False, fontsize=8.5,
            handlelength=1.0, handleheight=0.9, columnspacing=1.4, handletextpad=0.5, borderpad=0,
        )  # fmt: skip
        out = io.BytesIO()
        FigureCanvasAgg(figure).print_png(out, metadata={"Software": None}, pil_kwargs={"optimize": True})
    return out.getvalue()


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


@cache
def _family() -> str:
    from matplotlib import font_manager

    font_manager.fontManager.addfont(str(sans_path()))
    return str(font_manager.FontProperties(fname=str(sans_path())).get_name())
