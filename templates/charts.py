"""Small charts as inline SVG, drawn from numbers; each carries a title and a description in words."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from config.calendar import period_index
from config.language import CHINESE, Language
from templates.formats import LIGHTS, clean, light, lights, percent, quarter
from templates.published import LightCounts, TrajectoryPoint

WIDTH, HEIGHT = 220, 64
_LEFT, _RIGHT, _TOP, _BOTTOM = 4, 10, 6, 14


def _describe(name: str, points: Sequence[TrajectoryPoint], say: Language) -> str:
    said = [
        say(
            "%(period)s实际进度%(progress)s，应达%(expected)s",
            period=quarter(p.period, say), progress=percent(p.progress_pct), expected=percent(p.expected_pct),
        )
        for p in points
        if p.progress_pct is not None
    ]  # fmt: skip
    told = say("；").join(said[-4:]) if said else say("没有可画的进度")
    return say("%(name)s：%(told)s。", name=name, told=told)


def trajectory(
    name: str, points: Sequence[TrajectoryPoint], end_period: str = "2020-Q4", say: Language = CHINESE
) -> Markup:
    """Progress (dots and line) against the expected line, 0 to 100 per cent; empty when nothing can be drawn.

    ``points`` in order of period. Progress outside 0 to 120 is drawn at the edge; the words keep the number.
    """
    drawn = [p for p in points if p.progress_pct is not None]
    if not drawn:
        return Markup("")
    first, last = (
        period_index(points[0].period),
        max(period_index(end_period), period_index(points[-1].period)),
    )
    top = max(100.0, *(min(p.progress_pct or 0.0, 120.0) for p in drawn))

    def x(period: str) -> float:
        share = (period_index(period) - first) / max(last - first, 1)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(value: float) -> float:
        return round(_TOP + (1 - min(max(value, 0.0), top) / top) * (HEIGHT - _TOP - _BOTTOM), 1)

    expected = [(x(p.period), y(p.expected_pct)) for p in points if p.expected_pct is not None]
    if expected and period_index(points[-1].period) < last:
        expected.append((x(end_period), y(100.0)))
    actual = [(x(p.period), y(p.progress_pct or 0.0)) for p in drawn]
    end = drawn[-1]
    dots = "".join(f'<circle cx="{a}" cy="{b}" r="2"/>' for a, b in actual[:-1])
    return Markup(
        '<svg class="spark" role="img" viewBox="0 0 {w} {h}" width="{w}" height="{h}" data-light="{light}">'
        "<title>{title}</title><desc>{desc}</desc>"
        '<line class="axis" x1="{left}" y1="{floor}" x2="{right}" y2="{floor}"/>'
        '<line class="goal" x1="{left}" y1="{goal}" x2="{right}" y2="{goal}"/>'
        '<polyline class="expected" points="{expected}"/><polyline class="actual" points="{actual}"/>'
        '<g class="dots">{dots}<circle cx="{cx}" cy="{cy}" r="3.5"/></g>'
        '<text x="{left}" y="{base}">{start}</text>'
        '<text x="{right}" y="{base}" text-anchor="end">{stop}</text></svg>'
    ).format(
        w=WIDTH,
        h=HEIGHT,
        light=light(end.light).code,
        title=clean(say("%(name)s进度轨迹", name=name)),
        desc=clean(_describe(name, points, say)),
        left=_LEFT,
        right=WIDTH - _RIGHT,
        floor=y(0),
        goal=y(100),
        base=HEIGHT - 2,
        expected=_path(expected),
        actual=_path(actual),
        dots=Markup(dots),  # numbers only
        cx=actual[-1][0],
        cy=actual[-1][1],
        start=points[0].period,
        stop=end_period,
    )


def _path(pairs: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{a},{b}" for a, b in pairs)


def shares(counts: LightCounts, label: str, say: Language = CHINESE) -> Markup:
    """One stacked bar of lights, 100 units wide; the words beside it carry the same numbers."""
    parts, left = [], 0.0
    for code in LIGHTS:
        count = counts.of(code)
        if count:
            width = 100 * count / counts.total
            parts.append(f'<rect class="l-{code}" x="{left:.2f}" y="0" width="{width:.2f}" height="8"/>')
            left += width
    said = say.listed(
        [
            say("%(light)s%(n)s项", light=one.label, n=counts.of(code))
            for code, one in lights(say).items()
            if counts.of(code)
        ]
    )
    said = said or say("没有指标")
    return Markup(
        f'<svg class="shares" role="img" viewBox="0 0 100 8" preserveAspectRatio="none">'
        f"<title>{escape(clean(label))}</title><desc>{escape(said)}</desc>"
        f"{''.join(parts)}</svg>"
    )
