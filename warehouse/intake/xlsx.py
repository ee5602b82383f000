"""Workbooks to grids: calamine for values, a second look into the raw XML where calamine cannot see.

calamine shows error values and never calculated formulas as blank and knows no number formats. All
three can be seen in the sheet's XML, which zipscan has inflated already, so no slow reader is needed.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, ZipError

from warehouse.intake import biff, ods
from warehouse.intake.layout import Grid, wanted_sheets
from warehouse.intake.reading import CellState, HeldReason
from warehouse.intake.zipscan import MAX_COLUMN, MAX_ROW, Held, Package, scan

_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.S)
_ATTRIBUTE = re.compile(rb"""\b(r|s|t)\s*=\s*["']([^"']*)["']""")
_SHEET = re.compile(r"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b[^>]*>")
_NAMED = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\b[^>]*>")
_CELL_FORMATS = re.compile(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.S)
_FORMAT_OF_CELL = re.compile(rb"<(?:\w+:)?xf\b[^>]*>")
_NUMBER_FORMAT_ID = re.compile(rb"""numFmtId\s*=\s*["'](\d{1,6})["']""")
_FORMAT_CODE = re.compile(rb"""formatCode\s*=\s*["']([^"']*)["']""")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|is)\b[^>/]*>(.*?)</(?:\w+:)?(?:v|is)>", re.S)

_Specials = dict[tuple[int, int], tuple[CellState, str]]
_Formats = dict[tuple[int, int], str]


def read_workbook(data: bytes, package: Package | None) -> list[Grid]:
    """Our sheets of an xlsx, xlsm, ods (``package`` scanned) or xls, et (None).

    Raises :class:`Held`: ENCRYPTED, DAMAGED, BOMB.
    """
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        wanted = wanted_sheets(book.sheet_names)
        read = [(name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in wanted]
    except PasswordError as error:
        raise Held(HeldReason.ENCRYPTED) from error
    except (CalamineError, ZipError, OSError, ValueError) as error:
        raise Held(HeldReason.DAMAGED, "工作簿结构损坏") from error
    looks = _looks(data, package, [name for name, _ in read])
    grids = []
    for name, rows in read:
        if len(rows) > MAX_ROW or max(map(len, rows), default=0) > MAX_COLUMN:
            raise Held(HeldReason.BOMB, f"第{len(rows)}行")
        if name not in looks:
            raise Held(HeldReason.DAMAGED, "找不到工作表")
        formats, specials = looks[name]
        grids.append(Grid(name, _long_enough(rows, specials), formats, specials))
    return grids


def _looks(
    data: bytes, package: Package | None, names: Sequence[str]
) -> Mapping[str, tuple[_Formats, _Specials]]:
    """What calamine cannot see, by sheet."""
    if package is None:
        looks = biff.look(data)
        if looks is None:  # its shares and errors would read as plain figures and blanks
            raise Held(HeldReason.UNKNOWN_KIND, "Excel 95或更早的格式")
        return looks
    if package.kind == "ods":
        return ods.look(package.parts.get("content.xml", b""))
    paths, percent = _sheet_parts(package), _percent_styles(package)
    return {name: _second_look(paths[name], percent) for name in names if name in paths}


def look_again(data: bytes, kind: str) -> Mapping[str, tuple[_Formats, _Specials]]:
    """The second look alone, into a file read before: for its annotated return. ``kind``: xls, et or ods."""
    return _looks(data, scan(data) if kind == "ods" else None, ())


def _long_enough(rows: list[list[Any]], specials: _Specials) -> list[list[Any]]:
    """Trailing rows that hold nothing but special cells are no rows to calamine."""
    last = max((row for row, _ in specials), default=-1)
    return rows if last < len(rows) else rows + [[]] * (last + 1 - len(rows))


def _second_look(content: bytes, percent: set[bytes]) -> tuple[_Formats, _Specials]:
    end = content.rfind(b"</sheetData>")  # drop-down lists behind it hold <formula1>
    content = content if end < 0 else content[:end]
    has_errors = b't="e"' in content or b"t='e'" in content
    has_formulas = b"<f" in content or b":f>" in content or b":f " in content
    shares = sum(content.count(b's="%s"' % style) + content.count(b"s='%s'" % style) for style in percent)
    if not shares and not has_errors and not has_formulas:
        return {}, {}
    if not has_errors and not has_formulas:  # the usual case, and the usual spelling of it
        found = re.findall(rb'<c r="([A-Z]+[0-9]+)" s="(?:%s)"' % b"|".join(percent), content)
        if len(found) == shares:
            return {place: "0%" for place in map(_place, found) if place}, {}
    return _look(content, percent)


def _look(content: bytes, percent: set[bytes]) -> tuple[_Formats, _Specials]:
    formats: _Formats = {}
    specials: _Specials = {}
    for attributes, inner in _CELL.findall(content):
        if not inner:
            continue
        told = dict(_ATTRIBUTE.findall(attributes))
        is_error, is_share = told.get(b"t") == b"e", told.get(b"s") in percent
        has_formula = b"<f" in inner or b":f" in inner
        if not (is_error or is_share or has_formula):
            continue
        place = _place(told.get(b"r", b""))
        if place is None:
            raise Held(HeldReason.DAMAGED, "单元格没有地址")
        value = _VALUE.search(inner)
        if is_error:
            shown = value[1].decode("utf-8", "replace") if value else "#ERROR"
            specials[place] = (CellState.ERROR, shown[:20])
        elif has_formula and (value is None or not value[1].strip()):
            specials[place] = (CellState.FORMULA, "=…")
        elif is_share:
            formats[place] = "0%"
    return formats, specials


def _place(reference: bytes) -> tuple[int, int] | None:
    column = number = 0
    for char in reference:
        if 65 <= char <= 90:
            column = column * 26 + char - 64
        elif 48 <= char <= 57:
            number = number * 10 + char - 48
    return (number - 1, column - 1) if column and number else None


def _attributes(tag: str) -> dict[str, str]:
    return {k.rsplit(":", 1)[-1]: html.unescape(a or b) for k, a, b in _NAMED.findall(tag)}


def _sheet_parts(package: Package) -> dict[str, bytes]:
    """The XML of every sheet by its name, by way of the workbook's relations."""
    by_path = {n.lower(): c for n, c in package.parts.items()}
    path = next((n for n in by_path if n.endswith("workbook.xml")), "")
    if "xl/workbook.xml" in by_path:
        path = "xl/workbook.xml"
    folder, _, last = path.rpartition("/")
    book = by_path.get(path, b"").decode("utf-8", "replace")
    links = by_path.get(f"{folder}/_rels/{last}.rels", b"").decode("utf-8", "replace")
    targets = {a.get("Id"): a.get("Target", "") for a in map(_attributes, _RELATION.findall(links))}
    found: dict[str, bytes] = {}
    for sheet in map(_attributes, _SHEET.findall(book)):
        target = targets.get(sheet.get("id"), "").lower()
        content = by_path.get(target.lstrip("/") if target.startswith("/") else f"{folder}/{target}")
        if content is not None:
            found[sheet.get("name", "")] = content
    return found


def _percent_styles(package: Package) -> set[bytes]:
    """Style numbers (attribute s) whose number format shows a share as per cent."""
    styles = next((c for n, c in package.parts.items() if n.lower().endswith("styles.xml")), b"")
    codes = {b"9", b"10"}
    for tag in _FORMAT.findall(styles):
        number, code = _NUMBER_FORMAT_ID.search(tag), _FORMAT_CODE.search(tag)
        if number and code and b"%" in re.sub(rb"\\.|&quot;.*?&quot;", b"", code[1]):
            codes.add(number[1])
    block = _CELL_FORMATS.search(styles)
    found: set[bytes] = set()
    for index, tag in enumerate(_FORMAT_OF_CELL.findall(block[0]) if block else ()):
        number = _NUMBER_FORMAT_ID.search(tag)
        if number and number[1] in codes:
            found.add(str(index).encode())
    return found
