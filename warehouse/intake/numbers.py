"""Figures as people write them, read exactly or not at all: what is not certain is never guessed.

Arithmetic is Decimal throughout. Cells of other kinds (states, 是/否) belong to layout.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from warehouse.intake.reading import CellState
from warehouse.intake.unit_labels import convert, same_family, split_unit


@dataclass(frozen=True)
class Figure:
    """``number`` in the row's unit, only when ``state`` is NUMBER; ``unit`` as written beside it."""

    number: Decimal | None
    state: CellState
    text: str
    unit: str = ""


_BLANKS = {
    "", "-", "--", "---", "—", "——", "–", "―", "─", "──", "/", "//", "\\", "无", "暂无", "无数据", "暂无数据",
    "空", "N/A", "NA", "N.A.", "NONE", "NO DATA", "...", "......", "不适用", "(空)", "(无)",
}  # fmt: skip
_ERROR = re.compile(
    r"#(DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!|GETTING_DATA|FIELD!|名称\?)", re.I
)
_HEDGES = re.compile(r"[约近超余几多数]|左右|上下|以上|以下|不足|不到|大概|预计|估|至|到|或|[~≈<>≤≥±><=]")
_PLAIN = re.compile(r"(?:0|[1-9]\d{0,17})(?:\.\d{1,18})?\Z")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3}){1,5}(?:\.\d{1,18})?\Z")
_LEADING = re.compile(r"([\d.,]+)\s*(.*)\Z", re.S)
_CHINESE = re.compile(r"([零〇一二两三四五六七八九十百千点]+)(.*)\Z", re.S)
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_CAPITALS = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟萬億", "一二三四五六七八九十百千万亿")
_MAX_TEXT = 60
# As many digits as a figure written out may have; no unit of measure needs more, and sums are exact decimals of 38.
_TOO_LARGE = Decimal(10) ** 18


def parse_figure(raw: Any, unit_label: str, number_format: str = "") -> Figure:
    """Reads one cell of a row whose figures are in ``unit_label``.

    :param raw: what the reader returned: None, number, text, date, bool
    :param number_format: the cell's format where known; ``%`` in it makes a number a share
    """
    figure = _figure(raw, unit_label, number_format)
    if figure.number is not None and abs(figure.number) >= _TOO_LARGE:
        return Figure(None, CellState.AMBIGUOUS, figure.text, figure.unit)
    return figure


def _figure(raw: Any, unit_label: str, number_format: str) -> Figure:
    if raw is None:
        return Figure(None, CellState.BLANK, "")
    if isinstance(raw, bool):
        return Figure(None, CellState.TEXT, "TRUE" if raw else "FALSE")
    if isinstance(raw, (int, float, Decimal)):
        return _number(raw, unit_label, number_format)
    if isinstance(raw, (datetime, date, time, timedelta)):
        return Figure(None, CellState.AMBIGUOUS, str(raw))
    return _text(str(raw), unit_label)


def show_number(raw: float | Decimal) -> str:
    """A stored number the way its cell shows it: 15 significant digits, no exponent, no trailing .0."""
    if isinstance(raw, int):
        return str(raw)
    exact = Decimal(format(raw, ".15g"))
    if not exact.is_finite():
        return str(raw)
    shown = format(exact, "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _number(raw: float | Decimal, unit_label: str, number_format: str) -> Figure:
    text = show_number(raw)
    try:
        number = Decimal(text)
    except ArithmeticError:
        return Figure(None, CellState.ERROR, text)
    if not number.is_finite():
        return Figure(None, CellState.ERROR, text)
    if "%" not in number_format:
        return Figure(number + 0, CellState.NUMBER, text)
    share = number * 100
    shown = f"{show_number(share)}%"
    if not same_family("%", unit_label):
        return Figure(None, CellState.WRONG_UNIT, shown, "%")
    if abs(number) > 10:  # 72 typed into a cell already formatted as per cent shows 7200%: which was meant?
        return Figure(None, CellState.AMBIGUOUS, shown, "%")
    return Figure(convert(share, "%", unit_label), CellState.NUMBER, shown, "%")


@lru_cache(maxsize=4096)
def _text(raw: str, unit_label: str) -> Figure:
    kept = raw.strip()[:200]

    def result(state: CellState, number: Decimal | None = None, unit: str = "") -> Figure:
        return Figure(number, state, kept, unit)

    # NFKC would turn ② into 2 and ½ into 1/2.
    if any(unicodedata.category(c) in ("No", "Nl") and c not in "〇" for c in raw):
        return result(CellState.AMBIGUOUS)
    text = unicodedata.normalize("NFKC", raw.replace("…", "..."))
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc") or c in "\t\n\r")
    text = text.replace("\u2212", "-").replace("\ufe63", "-").strip()
    if text.upper() in _BLANKS:
        return result(CellState.BLANK)
    if _ERROR.match(text):
        return result(CellState.ERROR)
    if text.startswith("="):
        return result(CellState.FORMULA)
    if len(text) > _MAX_TEXT:
        return result(CellState.TEXT)
    negative, body = _sign(text)
    if body is None:
        return result(_unclear(text))
    percent = body.startswith("百分之")
    number, unit = _leading(body.removeprefix("百分之"))
    if number is None:
        return result(_unclear(text))
    if percent:
        if unit:
            return result(CellState.AMBIGUOUS)
        unit = "%"
        if not same_family(unit, unit_label):
            return result(CellState.WRONG_UNIT, None, unit)
    if negative and number:
        number = -number
    if not unit:
        return result(CellState.NUMBER, number)
    converted = convert(number, unit, unit_label)
    if converted is not None:
        return result(CellState.NUMBER, converted, unit)
    if split_unit(unit) is None and re.search(r"[\d零一二两三四五六七八九点]", unit):
        return result(CellState.AMBIGUOUS)
    if _HEDGES.search(unit) and split_unit(unit) is None:
        return result(CellState.AMBIGUOUS)
    if not body[0].isdigit() and split_unit(unit) is None and _unclear(text) is CellState.TEXT:
        return result(CellState.TEXT)  # 零报告, 一般: a word that begins like a number
    if re.fullmatch(r"[^\W\d_]+|[%‰]|[$€£¥]", unit) and len(unit) <= 8:
        return result(CellState.WRONG_UNIT, None, unit)
    return result(CellState.AMBIGUOUS)


def _sign(text: str) -> tuple[bool, str | None]:
    """Whether negative, and the unsigned rest; None when the sign itself is unclear."""
    bracketed = re.fullmatch(r"\(([^()]*)\)(.{0,8})", text)
    if bracketed:  # accounting: (1,234) is negative
        body = (bracketed[1] + bracketed[2]).strip()
        return True, body if body[:1].isdigit() else None
    for mark, negative in (("-", True), ("+", False), ("负", True)):
        if text.startswith(mark):
            body = text[1:].lstrip()
            return negative, body if body[:1] and (body[0].isdigit() or mark == "负") else None
    return False, text


def _leading(body: str) -> tuple[Decimal | None, str]:
    """The number a text begins with, and what follows it."""
    found = _LEADING.match(body)
    if found:
        digits, rest = found[1], found[2].strip()
        if _PLAIN.match(digits):
            return Decimal(digits), rest
        if _GROUPED.match(digits):
            return Decimal(digits.replace(",", "")), rest
        return None, ""
    found = _CHINESE.match(body.translate(_CAPITALS))
    if found:
        return chinese_number(found[1]), found[2].strip()
    return None, ""


def _unclear(text: str) -> CellState:
    """Words with a figure somewhere in them are ambiguous; words alone are text."""
    figures = re.search(
        r"\d|[一二两三四五六七八九十百千万亿几数][一二两三四五六七八九十百千万亿元家个%]|百分之|[△▲±~≈≤≥<>]",
        text,
    )
    return CellState.AMBIGUOUS if figures else CellState.TEXT


def chinese_number(text: str) -> Decimal | None:
    """九十, 一千二百, 三点五 (below 10,000). None when not written out in full: 一百五, 三五, 两三百."""
    whole, dot, fraction = text.partition("点")
    if dot and (not fraction or any(c not in _DIGITS or c == "两" for c in fraction)):
        return None
    if whole == "百":  # 百分之百
        return Decimal(100) if not dot else None
    total, digit = 0, 0
    for char in whole:
        if char in _DIGITS:
            digit = _DIGITS[char]
        else:
            scale = {"十": 10, "百": 100, "千": 1000}[char]
            total += (digit or (1 if scale == 10 and total == 0 else 0)) * scale
            digit = 0
    total += digit
    spelled = whole.replace("两", "二").replace("〇", "零")
    if spelled not in _spellings(total):
        return None
    tail = "".join(str(_DIGITS[c]) for c in fraction)
    return Decimal(f"{total}.{tail}" if tail else str(total))


def _spellings(number: int) -> set[str]:
    """The full ways to write 0..9999 in Chinese."""
    if number == 0:
        return {"零"}
    names, out, gap = "零一二三四五六七八九", "", False
    for scale, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // scale % 10
        if digit:
            out += ("零" if gap and out else "") + names[digit] + name
            gap = False
        elif out:
            gap = True
    return {out, out[1:]} if out.startswith("一十") else {out}
