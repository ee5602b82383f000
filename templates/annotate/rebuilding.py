"""A return from what is no .xlsx: csv, xls, ods and et cell for cell at the same addresses, in a plain book.

Also the way out for a package too odd to be edited, but read. Formats, widths and comments do not come along.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO, StringIO
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from python_calamine import CalamineWorkbook

from config.language import Language
from templates.annotate.book import Book, Sheet
from templates.annotate.markup import (
    Element,
    Place,
    cell_of,
    columns_of,
    format_of,
    fragment,
    row_of,
    text_of,
)
from templates.annotate.styles import ENTRY, HEADER, Look, Styles
from templates.workbook import FIGURE_HEADER, FIGURES, META

_ENTRY_COLUMNS: Final = range(7, 12)  # 本期值 分子 分母 零报告 说明
_WIDTHS: Final = (10, 26, 10, 36, 20, 12, 14, 12, 12, 9, 30)
_NOT_IN_NAMES: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_NAME_MAX: Final = 31

Looks = Mapping[str, tuple[Mapping[tuple[int, int], str], Mapping[tuple[int, int], tuple[Any, str]]]]


def rebuilt(original: bytes, kind: str, looks: Looks, left_out: str, say: Language) -> Book:
    """``looks``: see annotated_return. Raises what the reading library raises for a file it cannot open."""
    book = Book(Styles())
    for name, grid in _grids(original, kind, say):
        if name == left_out:
            continue
        values: dict[Place, Any] = {
            (row, column): value
            for row, line in enumerate(grid, 1)
            for column, value in enumerate(line, 1)
            if value is not None and value != ""
        }
        formats, specials = looks.get(name, ({}, {}))
        values.update({(row + 1, column + 1): text for (row, column), (_, text) in specials.items()})
        shown = {(row + 1, column + 1): code for (row, column), code in formats.items()}
        state = "veryHidden" if name == META else ""
        is_ours = name == say(FIGURES)
        title = _title(name, {sheet.name.lower() for sheet in book.sheets})
        book.sheets.append(Sheet(title, _sheet(book.styles, values, shown, is_ours, say), state))
    return book


def _title(name: str, taken: set[str]) -> str:
    """A name Excel takes: what it forbids is replaced, a second one numbered."""
    stem = text_of(_NOT_IN_NAMES.sub("_", name))[:_NAME_MAX].strip("'") or "_"
    title, number = stem, 1
    while title.lower() in taken:
        number += 1
        title = f"{stem[: _NAME_MAX - 1 - len(str(number))]}_{number}"
    return title


def _sheet(
    styles: Styles, values: Mapping[Place, Any], formats: Mapping[Place, str], is_ours: bool, say: Language
) -> Element:
    head = min((r for (r, c), v in values.items() if c == 1 and v == say(FIGURE_HEADER[0])), default=0)
    dressed = _dressed(styles, values, head) if is_ours and head else {}
    rows = []
    for row, places in groupby(sorted({*values, *formats, *dressed}), key=itemgetter(0)):
        cells = []
        for place in places:
            value, style = values.get(place), dressed.get(place, 0)
            number_format = formats.get(place) or format_of(value)
            if number_format:
                style = styles.over(style, Look(number_format=number_format))
            cells.append(cell_of(place, value, style))
        rows.append(row_of(row, cells))
    pane = (
        f'<sheetViews><sheetView workbookViewId="0"><pane xSplit="2" ySplit="{head}" topLeftCell="C{head + 1}" '
        'activePane="bottomRight" state="frozen"/></sheetView></sheetViews>'
    )
    return fragment(
        f"<worksheet>{pane if is_ours and head else ''}{columns_of(_WIDTHS) if is_ours else ''}"
        f"<sheetData>{''.join(rows)}</sheetData></worksheet>"
    )


def _dressed(styles: Styles, values: Mapping[Place, Any], head: int) -> dict[Place, int]:
    """Header and entry cells in the colours of the sheet we handed out."""
    last, widest = max(row for row, _ in values), max(column for _, column in values)
    header = styles.over(0, Look(fill=HEADER, is_plain=True, is_bold=True))
    entry = styles.over(0, Look(fill=ENTRY, is_open=True))
    return {
        **{(head, column): header for column in range(1, widest + 1)},
        **{(row, column): entry for row in range(head + 1, last) for column in _ENTRY_COLUMNS},
    }


def _grids(original: bytes, kind: str, say: Language) -> Iterator[tuple[str, Sequence[Sequence[Any]]]]:
    if kind == "csv":
        yield say(FIGURES), _csv_grid(original)
        return
    source = CalamineWorkbook.from_filelike(BytesIO(original))
    for name in source.sheet_names:
        yield name, source.get_sheet_by_name(name).to_python(skip_empty_area=False)


def _csv_grid(original: bytes) -> list[list[str]]:
    """For display only: what counts was read by intake. Same order of encodings, and no failure."""
    if original.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = original.decode("utf-16", "replace")
    elif b"\0" in original[:400]:  # ASCII in UTF-16 has its zero byte after (LE) or before (BE) the letter
        odd, even = original[1:400:2].count(0), original[0:400:2].count(0)
        text = original.decode("utf-16-le" if odd >= even else "utf-16-be", "replace")
    else:
        try:
            text = original.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = original.decode("gb18030", "replace")
    head = next((line for line in text.splitlines() if FIGURE_HEADER[0] in line), "")
    delimiter = max(",\t;", key=head.count)
    return list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))
