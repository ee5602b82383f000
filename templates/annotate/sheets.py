"""One worksheet's XML: only elements known to be inert stay, rows and cells get their addresses, formulas freeze.

Belongs here: what may leave within a sheet. Does not: its comments (notes), pictures (drawings), marks.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from operator import lt
from typing import Any, Final

from lxml import etree

from templates.annotate.markup import (
    LAST_COLUMN,
    LAST_ROW,
    LINKS,
    MAIN,
    Element,
    Place,
    Unfit,
    address,
    column_of,
    drop,
    letters,
    local,
    make_text,
    new,
    place_of,
    q,
    whole,
)

# In the order Excel demands. Not here: what embeds, connects, controls or needs a part that is left behind.
# drawing, legacyDrawing and tableParts are set anew when saving.
_ORDER: Final = (
    "sheetPr", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetProtection", "protectedRanges",
    "scenarios", "autoFilter", "sortState", "mergeCells", "phoneticPr", "conditionalFormatting",
    "dataValidations", "hyperlinks", "printOptions", "pageMargins", "pageSetup", "headerFooter", "rowBreaks",
    "colBreaks", "ignoredErrors", "extLst",
)  # fmt: skip
_PLACES: Final = {
    name: place
    for place, name in enumerate((*_ORDER[:-1], "drawing", "legacyDrawing", "tableParts", "extLst"))
}
_NOTHING_IF_EMPTY: Final = frozenset({
    "cols", "protectedRanges", "scenarios", "mergeCells", "conditionalFormatting", "dataValidations",
    "hyperlinks", "rowBreaks", "colBreaks", "ignoredErrors", "extLst",
})  # fmt: skip
_EXTENSIONS: Final = frozenset({
    "{78C0D931-6437-407D-A8EE-F0AAD7539E65}",  # conditional formats of Excel 2010
    "{CCE6A557-97BC-4B89-ADB6-D9C93CAAB3DF}",  # drop-down lists from another sheet
    "{05C60535-1F16-4FD2-B633-F4F36F0B64E0}",  # sparklines
})  # fmt: skip
_FORMULAS: Final = frozenset({"formula", "formula1", "formula2", "f", "cfvo"})
_LITERAL: Final = re.compile(r'"(?:[^"]|"")*"?')
_REACHES_OUT: Final = re.compile(  # into other workbooks, programs, the network
    r"[|\[]|://|(?<!\w)(?:WEBSERVICE|RTD|CALL|REGISTER(?:\.ID)?|EXEC|IMAGE|HYPERLINK|DDE|SQL\.REQUEST"
    r"|STOCKHISTORY|PY|COPILOT|TRANSLATE|DETECTLANGUAGE|CUBE\w*)\s*\(",
    re.IGNORECASE,
)
_TOKENS: Final = re.compile(r"(?:'((?:[^']|'')*)'?|([^\s'!(),;:+\-*/&=<>^{}]+))(!?)")
_FORMULA_MAX: Final = 8192  # Excel's own
_SHARED_MAX: Final = 255  # of a formula written out for every cell that shares it
_SHIFTED: Final = re.compile(
    r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|(?<![\w.$])(\$?)([A-Z]{1,3})(\$?)([0-9]{1,7})(?![\w(.!])"
)
_ROW, _CELL, _VALUE, _INLINE, _FORMULA = (q(name) for name in ("row", "c", "v", "is", "f"))
_LINK: Final = f"{{{LINKS}}}id"


def _path(path: str) -> Any:
    return etree.XPath(path, namespaces={"m": MAIN}, smart_strings=False)


_REFERENCES: Final = _path("m:row/m:c/@r")
_NO_VALUE: Final = _path("m:row/m:c/*[not(self::m:v or self::m:is or self::m:f)]")
_STYLED: Final = _path("m:row[@s] | m:row/m:c[@s]")
_STYLES: Final = _path("descendant::*/@s")
_METADATA: Final = _path("m:row/m:c[@cm or @vm]")


def stays_inside(formula: str, sheets: Collection[str]) -> bool:
    """Whether the formula of a rule or a name looks at nothing but these sheets (names in small letters)."""
    if len(formula) > _FORMULA_MAX:
        return False
    bare = _LITERAL.sub("", formula)
    named = ((a.replace("''", "'") or b).lower() for a, b, is_sheet in _TOKENS.findall(bare) if is_sheet)
    return _REACHES_OUT.search(bare) is None and all(name in sheets for name in named)


def clean_sheet(root: Element, sheets: Collection[str], styles: int) -> None:
    """Makes ``root`` fit to leave: ``styles`` is how many cell formats there are."""
    for child in list(root):
        name = local(child)
        if name not in _ORDER or child.tag != q(name) or not _cleaned(child, name, sheets):
            drop(child)
    places = [_PLACES[local(child)] for child in root]
    again = _PLACES["conditionalFormatting"]
    if any(a > b or a == b != again for a, b in zip(places, places[1:], strict=False)):
        raise Unfit("order")
    data = root.find(q("sheetData"))
    if data is None:
        raise Unfit("sheetData")
    for child in _NO_VALUE(data):
        drop(child)
    if not _is_in_order(data):
        _order(data)
    _freeze(data)
    known = {str(number) for number in range(styles)}
    if not known.issuperset(_STYLES(data)):
        for element in _STYLED(data):
            if element.get("s") not in known:
                del element.attrib["s"]
    for cell in _METADATA(data):  # it points into a part that is left behind
        cell.attrib.pop("cm", None)
        cell.attrib.pop("vm", None)
    for column in root.iterfind(f"{q('cols')}/{q('col')}"):
        if whole(column.get("style")) >= styles:
            del column.attrib["style"]


def insert(root: Element, name: str, element: Element) -> None:
    """Puts a child where the order of a worksheet's children wants it."""
    before = [child for child in root if _PLACES.get(local(child), 0) < _PLACES[name]]
    root.insert(len(before), element)


def _cleaned(child: Element, name: str, sheets: Collection[str]) -> bool:
    """Takes out of one element what points elsewhere; False where nothing is left of it."""
    if name == "sheetData":
        return True
    if name == "conditionalFormatting" and child.get("pivot"):  # of a pivot table, which is gone
        return False
    elements = [child]
    while elements:
        element = elements.pop()
        kind = local(element)
        if (
            kind in ("AlternateContent", "pivotSelection")
            or (kind in ("cfRule", "dataValidation", "ext") and not _is_inside(element, sheets))
            or (kind == "ext" and name == "extLst" and element.get("uri", "").upper() not in _EXTENSIONS)
            or (kind == "extLst" and element is not child and local(element.getparent()) != "cfRule")
            or (kind == "hyperlink" and (element.get(_LINK) or not element.get("location")))
        ):
            drop(element)
            continue
        for key in list(element.attrib):
            if key.startswith(f"{{{LINKS}}}") or key in ("tabSelected", "count"):
                del element.attrib[key]
        elements += element
    return len(child) > 0 or name not in _NOTHING_IF_EMPTY


def _is_inside(rule: Element, sheets: Collection[str]) -> bool:
    return all(
        stays_inside(element.text or element.get("val") or "", sheets)
        for element in rule.iter()
        if local(element) in _FORMULAS
    )


def _is_in_order(data: Element) -> bool:
    """Whether nothing but rows and cells is there, each with its own address, in order, none twice."""
    rows = [whole(row.get("r")) for row in data]
    of_cells = [number for number, row in zip(rows, data, strict=True) for _ in range(len(row))]
    places = [place_of(reference) or (0, 0) for reference in _REFERENCES(data)]
    return (
        all(map(lt, [0, *rows], rows))
        and all(map(lt, places, places[1:]))
        and [row for row, _ in places] == of_cells
    )


def _order(data: Element) -> None:
    """Rows and cells by their addresses, those without one after what they follow; the last of two counts."""
    rows: dict[int, Element] = {}
    cells: dict[int, dict[int, Element]] = defaultdict(dict)
    number = 0
    for row in data.findall(_ROW):
        number = whole(row.get("r")) or number + 1
        rows.setdefault(number, row)
        column = 0
        for cell in row.findall(_CELL):
            place = place_of(cell.get("r")) or (number, column + 1)
            column = place[1]
            cells[place[0]][column] = cell
    for child in [c for c in data if c.tag != _ROW] + [c for row in data for c in row if c.tag != _CELL]:
        drop(child)
    data[:] = []
    for number in sorted({*rows, *cells}):
        row = rows.get(number)
        row = new("row") if row is None else row
        row.attrib.pop("spans", None)
        row.set("r", str(number))
        row[:] = [cell for _, cell in sorted(cells[number].items())]
        for column, cell in sorted(cells[number].items()):
            cell.set("r", address((number, column)))
        if number <= LAST_ROW and all(column <= LAST_COLUMN for column in cells[number]):
            data.append(row)


def _freeze(data: Element) -> None:
    """Stored results in place of formulas: nobody's formula goes out live. Without a result, its own text."""
    masters: dict[str | None, tuple[str, Place]] = {}
    for formula in list(data.iter(_FORMULA)):
        cell = formula.getparent()
        if cell.tag != _CELL:
            continue
        text, place = formula.text or "", place_of(cell.get("r")) or (1, 1)
        if formula.get("t") == "shared":
            if text:
                masters[formula.get("si")] = (text, place)
            elif formula.get("si") in masters:
                master, first = masters[formula.get("si")]
                text = _shifted(master, first, place) if len(master) <= _SHARED_MAX else "…"
        cell.remove(formula)
        value = cell.find(_VALUE)
        if value is not None and value.text:
            if cell.get("t") == "str":
                make_text(cell, value.text)
        elif cell.find(_INLINE) is None:
            make_text(cell, f"={text}")


def _shifted(formula: str, master: Place, place: Place) -> str:
    """A shared formula as another of its cells reads it."""
    rows, columns = place[0] - master[0], place[1] - master[1]

    def move(found: re.Match[str]) -> str:
        fixed_column, name, fixed_row, row = found.groups()
        if name is None:
            return found[0]
        column = column_of(name) + (0 if fixed_column else columns)
        line = int(row) + (0 if fixed_row else rows)
        if not (0 < column <= LAST_COLUMN and 0 < line <= LAST_ROW):
            return "#REF!"
        return f"{fixed_column}{letters(column)}{fixed_row}{line}"

    return _SHIFTED.sub(move, formula)
