"""An uploaded .xlsx or .xlsm opened: walked from its workbook to the parts that may leave, everything else left.

Belongs here: which parts and which settings of the workbook stay. Does not: what stays within a sheet (sheets).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from templates.annotate.book import Book, Sheet
from templates.annotate.drawings import read_drawing
from templates.annotate.markup import Element, Unfit, checked, drop, local, parse, q
from templates.annotate.notes import read_notes
from templates.annotate.package import Upload
from templates.annotate.sheets import clean_sheet, stays_inside
from templates.annotate.styles import Styles

_ABOUT: Final = {  # what a book's properties may say beside its dates
    "title": "dc:title", "subject": "dc:subject", "creator": "dc:creator", "description": "dc:description",
    "keywords": "cp:keywords", "category": "cp:category", "lastModifiedBy": "cp:lastModifiedBy",
}  # fmt: skip
_POINTS_AT_A_PART: Final = re.compile(rb":(?:embed|link|id)=")
_TRUE: Final = frozenset({"1", "true"})


def opened(original: bytes, left_out: str) -> Book:
    """The book without its sheet ``left_out`` (unless it is the only one). Raises Unfit where it cannot be edited."""
    upload = Upload(original)
    path = next(upload.linked("", "officeDocument"), "xl/workbook.xml")
    root = parse(upload.read(path))
    links = upload.links(path)
    parts = {kind: target for kind, target in links.values() if kind in ("styles", "sharedStrings", "theme")}
    listed = list(root.iterfind(f"{q('sheets')}/{q('sheet')}"))
    found: dict[int, tuple[str, Element]] = {}
    for number, entry in enumerate(listed):
        sheet = _worksheet(upload, links, entry)
        if sheet is not None and (entry.get("name") != left_out or len(listed) == 1):
            found[number] = sheet
    known = {listed[number].get("name", "").lower() for number in found}
    book = Book(Styles(upload.read(parts["styles"]) if "styles" in parts else None))
    for number, (place, content) in found.items():
        clean_sheet(content, known, len(book.styles))
        book.sheets.append(_made(listed[number], content))
        _attach(book.sheets[-1], upload, place, known)
    if "sharedStrings" in parts:
        book.strings = checked(upload.read(parts["sharedStrings"]))
    if "theme" in parts:
        theme = checked(upload.read(parts["theme"]))
        book.theme = b"" if _POINTS_AT_A_PART.search(theme) else theme
    settings = root.find(q("workbookPr"))
    book.is_from_1904 = settings is not None and settings.get("date1904") in _TRUE
    book.protection = root.find(q("workbookProtection"))
    book.names = list(_names(root, {old: new for new, old in enumerate(found)}, known))
    book.about = _about(upload)
    return book


def _made(entry: Element, content: Element) -> Sheet:
    state = entry.get("state", "")
    return Sheet(entry.get("name", ""), content, state if state in ("hidden", "veryHidden") else "")


def _worksheet(
    upload: Upload, links: Mapping[str, tuple[str, str]], entry: Element
) -> tuple[str, Element] | None:
    """Path and content of a sheet of cells; None for a sheet of any other kind."""
    link = next((value for key, value in entry.items() if key.endswith("}id")), "")
    kind, path = links.get(link, ("", ""))
    if kind != "worksheet":
        return None
    root = parse(upload.read(path))
    return (path, root) if root.tag == q("worksheet") else None


def _attach(sheet: Sheet, upload: Upload, path: str, sheets: Collection[str]) -> None:
    for kind, target in upload.links(path).values():
        if kind == "comments":
            sheet.notes = {**read_notes(upload.read(target)), **sheet.notes}
        elif kind == "drawing" and sheet.drawing is None:
            sheet.drawing = read_drawing(upload.read(target), upload.links(target), upload.read, sheets)
        elif kind == "table":
            sheet.tables += _table(parse(upload.read(target)))


def _table(root: Element) -> list[Element]:
    """A table of the sheet's own cells: one fed from elsewhere loses being one, its cells stay."""
    if root.tag != q("table") or root.get("tableType", "worksheet") != "worksheet":
        return []
    for extension in root.findall(q("extLst")):
        drop(extension)
    for column in root.iterfind(f"{q('tableColumns')}/{q('tableColumn')}"):
        del column[:]
        column.attrib.pop("totalsRowFunction", None)
    return [root]


def _names(root: Element, places: Mapping[int, int], sheets: Collection[str]) -> Iterator[Element]:
    """Defined names that are no macro and look at the sheets that stay, their own sheet counted anew."""
    seen = set()
    for name in root.iterfind(f"{q('definedNames')}/{q('definedName')}"):
        own = name.get("localSheetId")
        key = (name.get("name", "").lower(), own)
        is_macro = any(name.get(a) in _TRUE for a in ("function", "vbProcedure", "xlm"))
        is_lost = own is not None and (not own.isdigit() or int(own) not in places)
        if key in seen or is_macro or is_lost or not stays_inside(name.text or "", sheets):
            continue
        seen.add(key)
        if own is not None:
            name.set("localSheetId", str(places[int(own)]))
        yield name


def _about(upload: Upload) -> dict[str, str]:
    try:
        path = next(upload.linked("", "core-properties"), "")
        root = parse(upload.read(path)) if path else ()
    except Unfit:
        return {}
    told = {_ABOUT[local(e)]: e.text for e in root if local(e) in _ABOUT and e.text}
    return {name: text for name, text in told.items() if text}
