"""How numbers, dates and lights are written for people. No figure is computed here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOTHING = "—"

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
        Light("met", "已达成", "★", "#1d4f91", "#e3ecf7"),
        Light("green", "正常", "●", "#1b6e3c", "#e2f2e7"),
        Light("yellow", "滞后", "▲", "#8a5a00", "#fdf1d3"),
        Light("red", "严重滞后", "■", "#b3261e", "#fbe4e2"),
        Light("none", "无法判断", "○", "#5b6470", "#eceff2"),
    )
}

STATUSES = {
    "": "未报送",
    "none": "未报送",
    "accepted": "已采用",
    "accepted_with_warnings": "已采用，有需说明的问题",
    "returned": "已退回",
    "quarantined": "已暂存，未读取",
    "duplicate": "重复报送",
    "superseded": "已被新报送替代",
}
SEVERITIES = {"error": "错误", "warning": "请说明", "info": "提示"}
LEVELS = {"clerk": "填报人员", "head": "单位负责人", "coordinator": "统筹部门"}
COLOURS = {
    "blue": Light("blue", "提醒", "●", "#1d4f91", "#e3ecf7"),
    "yellow": Light("yellow", "催办", "▲", "#8a5a00", "#fdf1d3"),
    "red": Light("red", "督办", "■", "#b3261e", "#fbe4e2"),
}


def clean(text: str) -> str:
    """The text without invisible control and direction marks; tabs and newlines stay."""
    return _INVISIBLE.sub("", text)


def one_line(text: object) -> str:
    """The text on one line, safe as a mail subject or a file name shown to people."""
    return clean(_BREAKS.sub(" ", str(text))).strip()


def number(value: float | Decimal | None, decimals: int = 2, unit: str = "") -> str:
    """1234.5 -> ``1,234.5``: thousands separated, at most ``decimals`` places, half up; None -> ``—``."""
    if value is None or value != value:
        return NOTHING
    places = Decimal(1).scaleb(-decimals)
    rounded = Decimal(str(value)).quantize(places, rounding=ROUND_HALF_UP)
    text = f"{rounded:,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return ("0" if text == "-0" else text) + unit


def percent(value: float | None, decimals: int = 1) -> str:
    """73.0 -> ``73%``: the stored percentages are numbers of per cent already."""
    return number(value, decimals, "%")


def points(value: float | None, decimals: int = 1) -> str:
    """3.2 -> ``3.2个百分点``."""
    return number(value, decimals, "个百分点")


def quantity(value: float | None, unit_label: str, decimals: int = 2) -> str:
    """A figure with its unit of measure; ``%`` follows without a space as Chinese texts set it."""
    return number(value, decimals, unit_label)


def width_pct(value: float | None) -> int:
    """A bar's width in whole per cent, 0 to 100; nothing draws as 0 and is labelled ``—`` beside it."""
    return 0 if value is None or value != value else round(min(max(value, 0.0), 100.0))


def moment(value: datetime) -> str:
    """``2019年10月18日 18:00``, always in Beijing time."""
    local = value.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def day(value: datetime) -> str:
    local = value.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日"


def quarter(period: str) -> str:
    """``2019-Q3`` -> ``2019年第三季度``; anything else is shown as it is; empty is 报告期不明."""
    found = re.fullmatch(r"(\d{4})-Q([1-4])", str(period))
    if not period:
        return "报告期不明"
    return f"{found[1]}年第{'一二三四'[int(found[2]) - 1]}季度" if found else period


def ordinal(n: int) -> str:
    """1 to 99 as headings number them: 一, 十, 十二, 二十一."""
    tens, ones = divmod(n, 10)
    return ("" if not tens else "十" if tens == 1 else _DIGITS[tens] + "十") + (_DIGITS[ones] if ones else "")


def light(code: str | None) -> Light:
    """The light of a code; None and unknown codes are 无法判断."""
    return LIGHTS.get(code or "none", LIGHTS["none"])


def status(code: str) -> str:
    return STATUSES.get(code, code)


def severity(code: str) -> str:
    return SEVERITIES.get(code, code)


def level(code: str) -> str:
    return LEVELS.get(code, code)


def step_colour(code: str) -> Light:
    return COLOURS.get(code, COLOURS["blue"])


FILTERS = {
    "number": number, "percent": percent, "points": points, "quantity": quantity, "width_pct": width_pct,
    "moment": moment, "day": day, "quarter": quarter, "light": light, "status": status,
    "severity": severity, "level": level, "step_colour": step_colour, "one_line": one_line, "ordinal": ordinal,
}  # fmt: skip
