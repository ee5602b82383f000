"""A 填报表 saved as CSV: encoding by evidence, delimiter from the header line, rows to grids."""

from __future__ import annotations

import codecs
import csv
import io

from warehouse.intake.layout import Grid
from warehouse.intake.reading import HeldReason
from warehouse.intake.words import FIGURE_HEADER, FIGURES, PROGRESS_HEADER
from warehouse.intake.zipscan import MAX_COLUMN, MAX_ROW, Held

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_DELIMITERS = ",\t;"
_CONTROLS = {chr(c) for c in range(32)} - set("\t\n\r")


def read_csv(data: bytes) -> Grid:
    """The cells of a text file as one sheet named 填报表.

    Raises :class:`Held`: BAD_ENCODING, UNKNOWN_KIND (not text at all), BOMB (over the row limit).
    """
    text = decode(data).rstrip("\x1a")  # old programs end a text file with it
    if _CONTROLS & set(text):
        raise Held(HeldReason.UNKNOWN_KIND, "不是文本")
    if text.lstrip()[:1] == "<":
        raise Held(HeldReason.UNKNOWN_KIND, "网页或XML")
    rows: list[list[str]] = []
    separator = delimiter(text)
    csv.field_size_limit(1 << 20)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            rows.append(row)
            if len(rows) > MAX_ROW or len(row) > MAX_COLUMN:
                raise Held(HeldReason.BOMB, f"第{len(rows)}行")
    except csv.Error as error:
        raise Held(HeldReason.DAMAGED, "CSV格式错误") from error
    return Grid(FIGURES, rows, separator=separator)


def decode(data: bytes) -> str:
    """BOM, NUL pattern of UTF-16, strict UTF-8, then GB18030.

    GB18030 decodes almost anything; the header names, looked for by layout, are the proof. Raises
    :class:`Held` BAD_ENCODING.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding)
    head = data[:4096]
    if b"\0" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        for encoding, likely in (("utf-16-le", odd > even), ("utf-16-be", even > odd)):
            if likely and len(data) % 2 == 0:
                return _strict(data, encoding)
        raise Held(HeldReason.UNKNOWN_KIND, "不是文本")
    for encoding in ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "gb18030" and not _is_ours(text):
            return _utf16_or(data, text)
        return text
    return _utf16_or(data, None)


def _utf16_or(data: bytes, text: str | None) -> str:
    """UTF-16 of mostly Chinese text has few NULs; only our header names prove it."""
    if len(data) % 2 == 0:
        for encoding in ("utf-16-le", "utf-16-be"):
            try:
                wide = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            if _is_ours(wide):
                return wide
    if text is None:
        raise Held(HeldReason.BAD_ENCODING)
    return text


def _is_ours(text: str) -> bool:
    return FIGURE_HEADER[0] in text or PROGRESS_HEADER[0] in text


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Held(HeldReason.BAD_ENCODING, encoding) from error


def delimiter(text: str) -> str:
    """The delimiter the header line uses most; a comma where there is no header."""
    for line in text.splitlines()[:200]:
        if FIGURE_HEADER[0] in line or PROGRESS_HEADER[0] in line:
            return max(_DELIMITERS, key=line.count)
    return ","
