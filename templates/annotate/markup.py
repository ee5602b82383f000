"""The XML of a workbook's parts: a parser that fetches and expands nothing, names, addresses, cells, texts.

Belongs here: what every part needs. Does not: which part or element may stay (opening, sheets, drawings).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from math import isfinite
from typing import Any, Final
from xml.sax.saxutils import escape

from lxml import etree
from xlsxwriter.utility import xl_cell_to_rowcol, xl_col_to_name

from templates.formats import clean

MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE_LINKS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
TEXT_MAX: Final = 32_000  # Excel's own limit for a cell is 32,767
LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_384
# ISO 29500 "strict" differs in its names only, as far as what is kept here goes.
_STRICT: Final = (
    (b"http://purl.oclc.org/ooxml/spreadsheetml/main", MAIN.encode()),
    (b"http://purl.oclc.org/ooxml/officeDocument/relationships", LINKS.encode()),
    (b"http://purl.oclc.org/ooxml/drawingml/", b"http://schemas.openxmlformats.org/drawingml/2006/"),
)
_PARSER: Final = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
    remove_comments=True, remove_pis=True,
)  # fmt: skip
_UNFIT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # for XML
_ESCAPE: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # _x0041_ in a text would be read as A
_REFERENCE: Final = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 (cells know no zone)
_FORMATS: Final = (
    (datetime, "yyyy-mm-dd h:mm:ss"), (date, "yyyy-mm-dd"), (time, "h:mm:ss"), (timedelta, "[hh]:mm:ss"),
)  # fmt: skip

Element = Any  # of lxml, which brings no types
Place = tuple[int, int]  # row and column, from 1 on


class Unfit(Exception):
    """This package cannot be edited part by part."""


def q(name: str) -> str:
    return f"{{{MAIN}}}{name}"


def local(element: Element) -> str:
    """The tag without its namespace; "" for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def checked(content: bytes) -> bytes:
    """The part in the names of the transitional standard. Raises Unfit for one that declares entities."""
    if b"\0" in content[:64] or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Unfit("DOCTYPE")
    if b"http://purl.oclc.org/ooxml/" in content:
        for strict, usual in _STRICT:
            content = content.replace(strict, usual)
    return content


def parse(content: bytes) -> Element:
    """Raises Unfit for what is not well-formed, or is nested or stuffed beyond the parser's limits."""
    try:
        return etree.fromstring(checked(content), _PARSER)
    except etree.XMLSyntaxError as error:
        raise Unfit(str(error)) from error


def serialized(root: Element) -> bytes:
    data: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, standalone=True)
    return data


def new(name: str, /, **attributes: str) -> Element:
    return etree.Element(q(name), attributes, nsmap={None: MAIN})


def add(parent: Element, name: str, /, **attributes: str) -> Element:
    return etree.SubElement(parent, q(name), attributes)


def whole(text: str | None) -> int:
    """A number as the format writes it; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def text_of(text: str) -> str:
    """A text as a cell or comment may carry it: nothing invisible, nothing a program would decode again."""
    return _ESCAPE.sub("_x005F_", _UNFIT.sub("", clean(text))[:TEXT_MAX])


@cache
def letters(column: int) -> str:
    return str(xl_col_to_name(column - 1))


@cache
def column_of(name: str) -> int:
    return int(xl_cell_to_rowcol(f"{name}1")[1]) + 1


def address(place: Place) -> str:
    return f"{letters(place[1])}{place[0]}"


@lru_cache(1 << 16)  # most sheets are ours, with the same addresses
def place_of(reference: str | None) -> Place | None:
    """Row and column of ``G5``; None for what is none, or lies outside a sheet."""
    found = _REFERENCE.fullmatch(reference or "")
    if found is None:
        return None
    row, column = int(found[2]), column_of(found[1])
    return (row, column) if row <= LAST_ROW and column <= LAST_COLUMN else None


def box_of(reference: str) -> tuple[int, int, int, int] | None:
    """Top, left, bottom and right of ``G5`` or ``$g$5:H9``."""
    first, _, last = reference.upper().replace("$", "").partition(":")
    begin, end = place_of(first), place_of(last or first)
    return (*begin, *end) if begin and end else None


def drop(element: Element) -> None:
    """Takes an element out. Emptied first: a full one would cost the square of what is in it."""
    element.clear()
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def columns_of(widths: Iterable[float]) -> str:
    columns = (f'<col min="{n}" max="{n}" width="{w}" customWidth="1"/>' for n, w in enumerate(widths, 1))
    return f"<cols>{''.join(columns)}</cols>"


def row_of(number: int, cells: Iterable[str]) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


def cell_of(place: Place, value: Any, style: int = 0) -> str:
    """One cell as XML; text as text, whatever it begins with. nothing gives an empty one."""
    start = f'<c r="{address(place)}" s="{style}"'
    if value is None or value == "":
        return f"{start}/>"
    if isinstance(value, bool):
        return f'{start} t="b"><v>{value:d}</v></c>'
    if isinstance(value, (datetime, date, time, timedelta)):
        value = _serial(value)
    if isinstance(value, (int, float)) and isfinite(value):
        return f"{start}><v>{value!r}</v></c>"
    return f'{start} t="inlineStr"><is>{run_of(str(value))}</is></c>'


def run_of(text: str) -> str:
    return f'<t xml:space="preserve">{escape(text_of(text))}</t>'


def make_text(cell: Element, text: str) -> None:
    """Puts a text in place of whatever a cell holds."""
    cell[:] = [fragment(f"<is>{run_of(text)}</is>")]
    cell.set("t", "inlineStr")


def fragment(markup: str) -> Element:
    """An element of a worksheet or its like, all of it in the main namespace."""
    name, rest = re.match(r"<(\w+)(.*)", markup, re.S).groups()  # type: ignore[union-attr]
    return etree.fromstring(f'<{name} xmlns="{MAIN}" xmlns:r="{LINKS}"{rest}', _PARSER)


def format_of(value: Any) -> str:
    """The number format without which a date would be a mere number."""
    for kinds, code in _FORMATS:
        if isinstance(value, kinds):
            return code
    return ""


def _serial(value: datetime | date | time | timedelta) -> float:
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None) - _EPOCH
    elif isinstance(value, date):
        value = datetime.combine(value, time()) - _EPOCH
    elif isinstance(value, time):
        value = datetime.combine(_EPOCH, value.replace(tzinfo=None)) - _EPOCH
    return value / timedelta(days=1)
