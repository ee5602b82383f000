"""The second look into ods: shares, error values and uncalculated formulas, by cell of content.xml."""

from __future__ import annotations

from xml.parsers import expat

from warehouse.intake.reading import CellState, HeldReason
from warehouse.intake.zipscan import MAX_COLUMN, MAX_ROW, Held

_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "
_ERROR_TEXT = ("#", "Err:", "错误:")
_REPEATED_MAX = 200  # a run of equal special cells longer than our sheet is no entry of a clerk

Look = tuple[dict[tuple[int, int], str], dict[tuple[int, int], tuple[CellState, str]]]


def look(content: bytes) -> dict[str, Look]:
    """By sheet name: formats of share cells and cells without a usable value, 0-based.

    Raises :class:`Held` DAMAGED. Entities were refused by zipscan before.
    """
    reader = _Content()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise Held(HeldReason.DAMAGED, "XML损坏") from error
    return reader.found


class _Content:
    def __init__(self) -> None:
        self.found: dict[str, Look] = {}
        self.sheet: Look = ({}, {})
        self.row = self.column = self.rows = 0
        self.cell: dict[str, str] | None = None
        self.shown = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == _TABLE + "table":
            self.sheet = self.found.setdefault(attributes.get(_TABLE + "name", ""), ({}, {}))
            self.row = self.rows = 0
        elif name == _TABLE + "table-row":
            self.row += self.rows
            self.rows = _count(attributes, "number-rows-repeated")
            self.column = 0
        elif name in (_TABLE + "table-cell", _TABLE + "covered-table-cell"):
            self.cell, self.shown = attributes, ""

    def text(self, data: str) -> None:
        if self.cell is not None and len(self.shown) < 40:
            self.shown += data

    def end(self, name: str) -> None:
        if name not in (_TABLE + "table-cell", _TABLE + "covered-table-cell") or self.cell is None:
            return
        cell, self.cell = self.cell, None
        wide = _count(cell, "number-columns-repeated")
        if cell.get(_OFFICE + "value-type") or cell.get(_TABLE + "formula"):
            self._note(cell, wide)
        self.column += wide

    def _note(self, cell: dict[str, str], wide: int) -> None:
        shown, formula = self.shown.strip(), _TABLE + "formula" in cell
        kind = cell.get(_CALC + "value-type") or cell.get(_OFFICE + "value-type", "")
        is_error = kind == "error" or (formula and kind == "string" and shown.startswith(_ERROR_TEXT))
        special: tuple[CellState, str] | None = None
        if is_error:
            special = (CellState.ERROR, shown[:20] or "#ERROR")
        elif formula and not shown and not cell.get(_OFFICE + "value"):
            special = (CellState.FORMULA, "=…")
        elif kind != "percentage":
            return
        for row in range(self.row, min(self.row + min(self.rows, _REPEATED_MAX), MAX_ROW)):
            for column in range(self.column, min(self.column + min(wide, _REPEATED_MAX), MAX_COLUMN)):
                if special is not None:
                    self.sheet[1][row, column] = special
                else:
                    self.sheet[0][row, column] = "0%"


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(_TABLE + name, "1")
    return int(text) if text.isascii() and text.isdecimal() else 1
