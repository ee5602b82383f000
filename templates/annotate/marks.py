"""The marks in the sheets: which cells a finding means, their colour and comment, and taking them away again."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import groupby
from operator import itemgetter
from typing import Final, Protocol

from config.language import N_, Language
from templates.annotate.book import Book, Sheet
from templates.annotate.markup import Element, Place, address, box_of, new, place_of, q, whole
from templates.annotate.notes import Note
from templates.annotate.styles import ENTRY, FIXED, SEVERITIES, Look
from templates.formats import clean, severity

AUTHOR: Final = N_("校验")  # of our comments: that is how an earlier round's marks are known
CELLS_MAX: Final = 2000  # marked cells of one finding; the list still names the whole range


class Remark(Protocol):
    """What is said about one place: a FindingLine, or a check's own Finding."""

    @property
    def severity(self) -> str: ...
    @property
    def sheet(self) -> str: ...
    @property
    def cell(self) -> str: ...
    @property
    def cells(self) -> tuple[str, ...]: ...
    @property
    def value(self) -> str: ...
    @property
    def message(self) -> str: ...


def places(reference: str) -> Iterator[Place]:
    """Row and column of every cell of ``G5``, ``G5:G9`` or several of them; nothing for anything else."""
    left = CELLS_MAX
    for part in re.split(r"[,，、;；\s]+", reference):
        top, first, bottom, last = box_of(part) or (1, 1, 0, 0)
        for row in range(top, bottom + 1):
            for column in range(first, last + 1):
                if left == 0:
                    return
                left -= 1
                yield row, column


def colour(severity: str) -> str:
    return SEVERITIES.get(severity, SEVERITIES["info"])


def unmark(book: Book, author: str) -> None:
    """Takes an earlier round's comments away and gives their cells the fill we handed them out with."""
    for sheet in book.sheets:
        ours = {place for place, note in sheet.notes.items() if note.author == author}
        for _, cell in _cells(sheet.root, ours, is_made=False):
            style = whole(cell.get("s"))
            fill = FIXED if book.styles.is_locked(style) else ENTRY
            cell.set("s", str(book.styles.over(style, Look(fill=fill))))
        sheet.notes = {place: note for place, note in sheet.notes.items() if place not in ours}


def mark(book: Book, findings: Sequence[Remark], say: Language) -> None:
    """Colours the cells the findings name and comments them; the first finding of a cell colours it.

    Within merged cells only the first one shows: it is marked for all of them.
    """
    rank = {id(finding): number for number, finding in enumerate(findings)}
    said: dict[Sheet, dict[Place, list[Remark]]] = defaultdict(lambda: defaultdict(list))
    for finding in findings:
        sheet = sheet_of(book.sheets, finding.sheet)
        if sheet is not None and finding.cell:
            for place in places("、".join(finding.cells) or finding.cell):
                said[sheet][place].append(finding)
    for sheet, meant in said.items():
        moved: dict[Place, dict[int, Remark]] = defaultdict(dict)
        for place, first in _shadowed(sheet.root, meant).items():
            moved[first] |= {id(f): f for f in meant.pop(place)}
        for first, more in moved.items():
            both = more | {id(f): f for f in meant[first]}
            meant[first] = sorted(both.values(), key=lambda f: rank[id(f)])
        for place, cell in _cells(sheet.root, meant.keys(), is_made=True):
            found = meant[place]
            look = Look(fill=colour(found[0].severity))
            cell.set("s", str(book.styles.over(whole(cell.get("s")), look)))
            text = "\n".join(
                say(
                    "【%(severity)s】%(message)s",
                    severity=severity(f.severity, say),
                    message=clean(f.message),
                )
                for f in found
            )
            sheet.notes[place] = Note(say(AUTHOR), text)


def sheet_of(sheets: Sequence[Sheet], name: str) -> Sheet | None:
    """The sheet a finding speaks of; a book with one sheet has no other."""
    named = next((sheet for sheet in sheets if sheet.name == name), None)
    return named or (sheets[0] if len(sheets) == 1 else None)


def _cells(root: Element, wanted: Set[Place], is_made: bool) -> Iterator[tuple[Place, Element]]:
    """The cells at these places in order; one that is not there is made, or left out."""
    data = root.find(q("sheetData"))
    rows = {whole(row.get("r")): row for row in data} if wanted else {}
    numbers, more = list(rows), 0
    of_columns = _of_columns(root, {column for _, column in wanted}) if is_made else {}
    for number, group in groupby(sorted(wanted), key=itemgetter(0)):
        row = rows.get(number)
        if row is None:
            row = new("row", r=str(number))
            if is_made:
                data.insert(bisect_left(numbers, number) + more, row)
                more += 1
        columns = [(place_of(cell.get("r")) or (0, 0))[1] for cell in row]
        for place in group:
            at = bisect_left(columns, place[1])
            if at == len(columns) or columns[at] != place[1]:
                if not is_made:
                    continue
                # looks as its row or column made it look while it was not there
                of_row = row.get("s") if row.get("customFormat") in ("1", "true") else None
                style = of_row or of_columns.get(place[1], "0")
                row.insert(at, new("c", r=address(place), s=style))
                columns.insert(at, place[1])
                row.attrib.pop("spans", None)
            yield place, row[at]


def _of_columns(root: Element, wanted: Set[int]) -> dict[int, str]:
    """The formats of whole columns."""
    found: dict[int, str] = {}
    for column in root.iterfind(f"{q('cols')}/{q('col')}"):
        first, last = whole(column.get("min")), whole(column.get("max"))
        for number in wanted:
            if first <= number <= last and column.get("style"):
                found.setdefault(number, column.get("style"))
    return found


def _shadowed(root: Element, wanted: Iterable[Place]) -> dict[Place, Place]:
    """Places within merged cells that are not their first, where nothing shows, and that first one."""
    rows: dict[int, list[int]] = defaultdict(list)
    for row, column in sorted(wanted):
        rows[column].append(row)
    hidden: dict[Place, Place] = {}
    for merged in root.iterfind(f"{q('mergeCells')}/{q('mergeCell')}") if rows else ():
        top, left, bottom, right = box_of(merged.get("ref", "")) or (1, 1, 0, 0)
        for column, wanted_rows in rows.items():
            if left <= column <= right:
                begin, end = bisect_left(wanted_rows, top), bisect_right(wanted_rows, bottom)
                begin += column == left and wanted_rows[begin : begin + 1] == [top]
                hidden |= {(row, column): (top, left) for row in wanted_rows[begin:end]}
                del wanted_rows[begin:end]
    return hidden
