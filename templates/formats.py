"""How numbers, dates and lights are written for people. No figure is computed here.

Whatever reads differently in another language takes ``say``, the translator; without it Chinese is written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from config.language import CHINESE, N_, Language

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOTHING = "—"
_ROOM = Context(prec=400)  # digits of the largest double written out
REMEMBERED = 16_384  # a quarter's figures and instants stand on several pages and mails each

# C0/C1 controls (tab and newline apart), the line separators mail programs break at, zero-width and
# bidirectional marks: none of them has a place in a name or a remark, all of them can disguise one.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]"
)
_DIGITS = "〇一二三四五六七八九"
_BREAKS = re.compile(r"[\s\x85\u2028\u2029]+")


@dataclass(frozen=True)
class Light:
    """One assessment as people see it: word, symbol and colours, so that colour is never the only sign."""

    code: str
    label: str
    symbol: str
    colour: str  # text and bars, at least 4.5:1 on white
    tint: str  # background behind the label


LIGHTS = {
    light.code: light
    for light in (
        Light("met", N_("已达成"), "★", "#1d4f91", "#e3ecf7"),
        Light("green", N_("正常"), "●", "#1b6e3c", "#e2f2e7"),
        Light("yellow", N_("滞后"), "▲", "#8a5a00", "#fdf1d3"),
        Light("red", N_("严重滞后"), "■", "#b3261e", "#fbe4e2"),
        Light("none", N_("无法判断"), "○", "#5b6470", "#eceff2"),
    )
}

STATUSES = {
    "": N_("未报送"),
    "none": N_("未报送"),
    "accepted": N_("已采用"),
    "accepted_with_warnings": N_("已采用，有需说明的问题"),
    "returned": N_("已退回"),
    "quarantined": N_("已暂存，未计入"),
    "received": N_("已存档，待决定"),
    "duplicate": N_("重复报送"),
    "superseded": N_("已被新报送替代"),
}
SEVERITIES = {"error": N_("错误"), "warning": N_("请说明"), "info": N_("提示")}
LEVELS = {"clerk": N_("填报人员"), "head": N_("单位负责人"), "coordinator": N_("统筹部门")}
COLOURS = {
    "blue": Light("blue", N_("提醒"), "●", "#1d4f91", "#e3ecf7"),
    "yellow": Light("yellow", N_("催办"), "▲", "#8a5a00", "#fdf1d3"),
    "red": Light("red", N_("督办"), "■", "#b3261e", "#fbe4e2"),
}


def clean(text: str) -> str:
    """The text without invisible control and direction marks; tabs and newlines stay."""
    return text if text.isprintable() else _INVISIBLE.sub("", text)


def one_line(text: object) -> str:
    """The text on one line, safe as a mail subject or a file name shown to people."""
    return clean(_BREAKS.sub(" ", str(text))).strip()


@lru_cache(REMEMBERED)
def number(value: float | Decimal | None, decimals: int = 2, unit: str = "") -> str:
    """1234.5 -> ``1,234.5``: thousands separated, at most ``decimals`` places, half up; None -> ``—``."""
    if value is None or not math.isfinite(value):
        return NOTHING
    # Rounding the binary number and the number as it is written differ only where the latter ends in a 5 just behind.
    if isinstance(value, float) and abs(value) < 1e15 and not _may_end_in_5(value, decimals):
        text = f"{value:,.{decimals}f}"
    else:
        text = f"{_half_up(value, decimals):,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return ("0" if text == "-0" else text) + unit


def rounded(value: float | None, decimals: int = 2) -> float | None:
    """The number that :func:`number` writes, for a chart that writes it itself."""
    return None if value is None or not math.isfinite(value) else float(_half_up(value, decimals))


def _half_up(value: float | Decimal, decimals: int) -> Decimal:
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _ROOM)


def _may_end_in_5(value: float, decimals: int) -> bool:
    return round(value, decimals + 1) == value != round(value, decimals)


def percent(value: float | None, decimals: int = 1) -> str:
    """73.0 -> ``73%``: the stored percentages are numbers of per cent already."""
    return number(value, decimals, "%")


@lru_cache(REMEMBERED)
def gap(value: float | None) -> str:
    """A distance in percentage points: one place, more where that would say 0 of something: 0.04 lights yellow."""
    if not value:
        return number(value, 1)
    return next((text for places in range(1, 10) if (text := number(value, places)) != "0"), "0")


def points(value: float | None, say: Language = CHINESE) -> str:
    """3.2 -> ``3.2个百分点``."""
    return NOTHING if value is None or not math.isfinite(value) else gap(value) + say("个百分点")


def pace(gap_pp: float | None, say: Language = CHINESE) -> str:
    """How far a progress lies behind or before its pace, in words."""
    if gap_pp is None:
        return NOTHING
    if gap(gap_pp) == "0":
        return say("与序时进度持平")
    return (
        say("落后%(gap)s", gap=points(gap_pp, say))
        if gap_pp > 0
        else say("领先%(gap)s", gap=points(-gap_pp, say))
    )


def quantity(value: float | None, unit_label: str, decimals: int = 2, say: Language = CHINESE) -> str:
    """A figure with its unit of measure; ``%`` follows without a space, and so does any unit in Chinese."""
    gap = "" if say.is_chinese or unit_label in ("", "%") else " "
    return number(value, decimals, gap + unit_label)


def width_pct(value: float | None) -> int:
    """A bar's width in whole per cent, 0 to 100; nothing draws as 0 and is labelled ``—`` beside it."""
    return 0 if value is None or value != value else round(min(max(value, 0.0), 100.0))


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@lru_cache(REMEMBERED)
def moment(value: datetime, say: Language = CHINESE) -> str:
    """``2019年10月18日 18:00``, ``18 October 2019, 18:00``; always in the office's time (Asia/Shanghai)."""
    local = value.astimezone(SHANGHAI)
    return f"{day(value, say)}{' ' if say.is_chinese else ', '}{local:%H:%M}"


def day(value: datetime, say: Language = CHINESE) -> str:
    local = value.astimezone(SHANGHAI)
    if say.is_chinese:
        return f"{local.year}年{local.month}月{local.day}日"
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"


def quarter(period: str, say: Language = CHINESE) -> str:
    """A period in words: ``2019-Q3`` -> ``2019年第三季度``, ``2019-A1`` -> ``2019年度``.

    Anything else is shown as it is; empty is 报告期不明.
    """
    if not period:
        return say("报告期不明")
    found = re.fullmatch(r"(\d{4})-(?:Q([1-4])|A1)", str(period))
    if not found:
        return period
    if found[2] is None:
        return say("%(year)s年度", year=found[1])
    n = "一二三四"[int(found[2]) - 1] if say.is_chinese else found[2]
    return say("%(year)s年第%(n)s季度", year=found[1], n=n)


def ordinal(n: int, say: Language = CHINESE) -> str:
    """1 to 99 as headings number them: 一, 十, 十二, 二十一; 1, 2 in other languages."""
    if not say.is_chinese:
        return str(n)
    tens, ones = divmod(n, 10)
    return ("" if not tens else "十" if tens == 1 else _DIGITS[tens] + "十") + (_DIGITS[ones] if ones else "")


def lights(say: Language = CHINESE) -> Mapping[str, Light]:
    """The lights by code, best first, labelled in this language."""
    return {code: replace(one, label=say(one.label)) for code, one in LIGHTS.items()}


def light(code: str | None, say: Language = CHINESE) -> Light:
    """The light of a code; None and unknown codes are 无法判断."""
    one = LIGHTS.get(code or "none", LIGHTS["none"])
    return replace(one, label=say(one.label))


def status(code: str, say: Language = CHINESE) -> str:
    return say(STATUSES.get(code, code))


def severity(code: str, say: Language = CHINESE) -> str:
    return say(SEVERITIES.get(code, code))


def level(code: str, say: Language = CHINESE) -> str:
    return say(LEVELS.get(code, code))


def step_colour(code: str, say: Language = CHINESE) -> Light:
    one = COLOURS.get(code, COLOURS["blue"])
    return replace(one, label=say(one.label))


def said(text: str | None, say: Language = CHINESE) -> str | None:
    """A stored word of the program (a state, a note, a rule's title) in this language; others as they are."""
    return None if text is None else say.stored(text)


_EVERYWHERE: Mapping[str, Callable[..., Any]] = {
    "number": number, "gap": gap, "percent": percent, "width_pct": width_pct, "one_line": one_line,
}  # fmt: skip
_SPOKEN: Mapping[str, Callable[..., Any]] = {
    "points": points, "pace": pace, "quantity": quantity, "moment": moment, "day": day, "quarter": quarter, "light": light,
    "status": status, "severity": severity, "level": level, "step_colour": step_colour, "ordinal": ordinal,
    "said": said,
}  # fmt: skip


def filters(say: Language = CHINESE) -> dict[str, Callable[..., Any]]:
    """Every filter of the templates by name, speaking this language."""
    # The same lights, figures and moments stand in many rows of many pages: each is written once.
    spoken: dict[str, Callable[..., Any]] = {n: partial(written, say=say) for n, written in _SPOKEN.items()}
    return {name: lru_cache(REMEMBERED)(written) for name, written in {**_EVERYWHERE, **spoken}.items()}
