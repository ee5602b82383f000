"""A workbook as it will leave: its sheets and what goes with them, each part already fit to be seen by others.

Belongs here: the parts in memory and how they become a package. Does not: reading an upload (opening,
rebuilding), what the marks say (the package's front, listing).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from templates.annotate.drawings import Drawing
from templates.annotate.markup import LINKS, MAIN, Element, Place, add, new, q, serialized
from templates.annotate.notes import Note, boxes_part, notes_part
from templates.annotate.package import Links, Package
from templates.annotate.sheets import insert
from templates.annotate.styles import Styles


@dataclass(eq=False)
class Sheet:
    """``root``: the worksheet, cleaned. ``state``: "", hidden or veryHidden."""

    name: str
    root: Element
    state: str = ""
    notes: dict[Place, Note] = field(default_factory=dict)
    drawing: Drawing | None = None
    tables: list[Element] = field(default_factory=list)


@dataclass
class Book:
    """``names``: definedName elements whose localSheetId counts these ``sheets``."""

    styles: Styles
    sheets: list[Sheet] = field(default_factory=list)
    names: list[Element] = field(default_factory=list)
    strings: bytes = b""
    theme: bytes = b""
    protection: Element = None
    is_from_1904: bool = False
    about: Mapping[str, str] = field(default_factory=dict)

    def put_first(self, sheet: Sheet) -> None:
        self.sheets.insert(0, sheet)
        for name in self.names:
            if name.get("localSheetId") is not None:
                name.set("localSheetId", str(int(name.get("localSheetId")) + 1))

    def saved(self, package: Package) -> bytes:
        """The whole book, opened on its first sheet."""
        links = Links("xl")
        for sheet in self.sheets:
            _save_sheet(sheet, package, links)
        if self.strings:
            links.add("sharedStrings", package.part("xl/sharedStrings.xml", "sharedStrings", self.strings))
        if self.theme:
            links.add("theme", package.part("xl/theme/theme1.xml", "theme", self.theme))
        links.add("styles", package.part("xl/styles.xml", "styles", self.styles.content()))
        package.part("xl/workbook.xml", "workbook", serialized(self._front()), links)
        return package.closed(self.about)

    def _front(self) -> Element:
        root = etree.Element(q("workbook"), nsmap={None: MAIN, "r": LINKS})
        properties = add(root, "workbookPr")
        if self.is_from_1904:
            properties.set("date1904", "1")
        if self.protection is not None:
            root.append(self.protection)
        add(add(root, "bookViews"), "workbookView", activeTab="0")
        listed = add(root, "sheets")
        for number, sheet in enumerate(self.sheets, 1):
            entry = add(listed, "sheet", name=sheet.name, sheetId=str(number))
            if sheet.state:
                entry.set("state", sheet.state)
            entry.set(f"{{{LINKS}}}id", f"rId{number}")
        if self.names:
            add(root, "definedNames").extend(self.names)
        return root


def _save_sheet(sheet: Sheet, package: Package, book: Links) -> None:
    links = Links("xl/worksheets")
    if sheet.drawing is not None:
        _point(sheet.root, "drawing", links.add("drawing", package.drawing(sheet.drawing)))
    if sheet.notes:
        links.add("comments", package.numbered("xl/comments", "comments", notes_part(sheet.notes)))
        boxes, package.next_block = boxes_part(sheet.notes, package.next_block)
        path = package.numbered("xl/drawings/vmlDrawing", "", boxes, suffix="vml")
        _point(sheet.root, "legacyDrawing", links.add("vmlDrawing", path))
    if sheet.tables:
        tables = new("tableParts", count=str(len(sheet.tables)))
        for table in sheet.tables:
            number = package.count("xl/tables/table") + 1
            table.set("id", str(number))
            path = package.numbered("xl/tables/table", "table", serialized(table))
            add(tables, "tablePart").set(f"{{{LINKS}}}id", links.add("table", path))
        insert(sheet.root, "tableParts", tables)
    path = package.numbered("xl/worksheets/sheet", "worksheet", serialized(sheet.root), links=links)
    book.add("worksheet", path)


def _point(root: Element, name: str, link: str) -> None:
    element = new(name)
    element.set(f"{{{LINKS}}}id", link)
    insert(root, name, element)
