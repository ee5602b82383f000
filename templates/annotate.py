"""The annotated return: a unit's own workbook with its wrong cells marked, to be corrected and dropped again.

Only files that intake has read safely come here. Charts, pictures and macros of the original are lost.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO, StringIO
from typing import Any, Final, Protocol
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.styles.protection import Protection
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter
from python_calamine import CalamineWorkbook

from config.language import CHINESE, N_, Language
from templates.formats import clean, severity
from templates.workbook import FIGURE_HEADER, FIGURES, META

RESULTS: Final = N_("校验结果")
AUTHOR: Final = N_("校验")  # of our comments: that is how an earlier round's marks are known
CELLS_MAX: Final = 2000  # marked cells of one finding; the list still names the whole range
TEXT_MAX: Final = 32_000  # Excel's own limit for a cell is 32,767
_FILLS: Final = {
    "error": PatternFill("solid", fgColor="FFFFC7CE"),
    "warning": PatternFill("solid", fgColor="FFFFE08A"),
    "info": PatternFill("solid", fgColor="FFDCE9F7"),
}
_ENTRY: Final = PatternFill("solid", fgColor="FFFFFBE6")
_FIXED: Final = PatternFill("solid", fgColor="FFF4F5F7")
_PLAIN: Final = Font(name="宋体", size=11)
_HEADER: Final = PatternFill("solid", fgColor="FFD9E2F0")
_ENTRY_COLUMNS: Final = range(7, 12)  # 本期值 分子 分母 零报告 说明
_ORDER: Final = {"error": 0, "warning": 1, "info": 2}


Looks = Mapping[str, tuple[Mapping[tuple[int, int], str], Mapping[tuple[int, int], tuple[Any, str]]]]


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


def annotated_return(
    original: bytes,
    kind: str,
    findings: Sequence[Remark],
    as_of: datetime,
    looks: Looks | None = None,
    say: Language = CHINESE,
) -> bytes:
    """``original`` as .xlsx with findings as coloured cells, comments and a linked first sheet 校验结果.

    ``kind`` as intake names it: xlsx and xlsm are edited in place; csv, xls, ods and et are rebuilt cell for
    cell at the same addresses. No live formula leaves: stored results replace formulas, a formula without a
    result becomes its own text. ``as_of``: when it was made, says the workbook: the same moment gives the same
    bytes. ``looks``: for xls, et and ods what the reading library does not tell, by sheet: number formats and
    the texts of cells without a value, by 0-based (row, column). Raises what the reading library raises for a
    file it cannot open.
    """
    book = _edited(original, say) if kind in ("xlsx", "xlsm") else _rebuilt(original, kind, looks or {}, say)
    ordered = sorted(findings, key=lambda f: _ORDER.get(f.severity, 3))
    _mark(book, ordered, say)
    _list(book, ordered, say)
    return _saved(book, as_of)


class _Archive(ZipFile):
    """Members carry the archive's date, not the clock's."""

    def __init__(self, file: BytesIO, made: datetime) -> None:
        super().__init__(file, "w", ZIP_DEFLATED)
        self._made = made.timetuple()[:6]

    def writestr(self, zinfo_or_arcname: Any, data: Any, *_: Any, **__: Any) -> None:
        member = ZipInfo(zinfo_or_arcname, self._made)
        member.compress_type = ZIP_DEFLATED
        super().writestr(member, data)


class _Writer(ExcelWriter):
    """As the library saves, its sheets in memory: by way of files of their own they cost an eighth more."""

    _archive: Any

    def write_worksheet(self, ws: Any) -> None:
        ws._drawing = SpreadsheetDrawing()
        ws._drawing.charts, ws._drawing.images = ws._charts, ws._images
        out = BytesIO()
        writer: Any = WorksheetWriter(ws, out)
        writer.write()
        ws._rels = writer._rels
        self._archive.writestr(ws.path[1:], out.getvalue())
        self.manifest.append(ws)


def _saved(book: Workbook, as_of: datetime) -> bytes:
    """What ``book.save`` writes, which would take its dates from the clock."""
    buffer, made = BytesIO(), as_of.astimezone(UTC).replace(tzinfo=None)
    book.properties.created = book.properties.modified = made
    _Writer(book, _Archive(buffer, made)).save()
    return buffer.getvalue()


def _edited(original: bytes, say: Language) -> Workbook:
    book = load_workbook(BytesIO(original), keep_links=False)
    if say(RESULTS) in book.sheetnames and len(book.sheetnames) > 1:
        book.remove(book[say(RESULTS)])
    results: Workbook | None = None
    for sheet in book.worksheets:
        for cell in _cells(sheet):
            if cell.data_type == "f":
                results = results or load_workbook(BytesIO(original), keep_links=False, data_only=True)
                _freeze(cell, results[sheet.title][cell.coordinate].value)
            if cell.hyperlink is not None and cell.hyperlink.target:
                cell.hyperlink = None
            if cell.comment is not None and cell.comment.author == say(AUTHOR):
                cell.comment = None
                cell.fill = _FIXED if cell.protection.locked else _ENTRY
    return book


def _cells(sheet: Worksheet) -> Iterator[Cell]:
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell, Cell):  # not the shadow of a merged cell
                yield cell


def _freeze(cell: Cell, result: Any) -> None:
    """The stored result in place of the formula: saving would lose it, and nobody's formula goes out live."""
    if result is None:
        formula = cell.value
        _write(cell, str(formula if isinstance(formula, str) else getattr(formula, "text", "") or "="))
    elif isinstance(result, str) and not result.startswith("#"):
        _write(cell, result)
    else:
        cell.value = result


def _rebuilt(original: bytes, kind: str, looks: Looks, say: Language) -> Workbook:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, grid in _grids(original, kind, say):
        sheet = book.create_sheet(name)
        for row, values in enumerate(grid, 1):
            for column, value in enumerate(values, 1):
                if value is None or value == "":
                    continue
                if isinstance(value, str):
                    _write(sheet.cell(row, column), value)
                else:
                    sheet.cell(row, column).value = value
        formats, specials = looks.get(name, ({}, {}))
        for (row, column), number_format in formats.items():
            sheet.cell(row + 1, column + 1).number_format = number_format
        for (row, column), (_, text) in specials.items():
            _write(sheet.cell(row + 1, column + 1), text)
        if name == META:
            sheet.sheet_state = "veryHidden"
        elif name == say(FIGURES):
            _dress(sheet, say)
    return book


def _dress(sheet: Worksheet, say: Language) -> None:
    """Widths, header and entry colours, as the sheet we handed out has them."""
    for column, width in enumerate((10, 26, 10, 36, 20, 12, 14, 12, 12, 9, 30), 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    head = next(
        (r for r in range(1, sheet.max_row + 1) if sheet.cell(r, 1).value == say(FIGURE_HEADER[0])), 0
    )
    if not head:
        return
    for column in range(1, sheet.max_column + 1):
        sheet.cell(head, column).font = Font(bold=True)
        sheet.cell(head, column).fill = _HEADER
    for row in range(head + 1, sheet.max_row):
        for column in _ENTRY_COLUMNS:
            entry = sheet.cell(row, column)
            entry.fill = _ENTRY
            entry.protection = Protection(locked=False)
    sheet.freeze_panes = f"C{head + 1}"


def _grids(original: bytes, kind: str, say: Language) -> Iterator[tuple[str, Sequence[Sequence[Any]]]]:
    if kind == "csv":
        yield say(FIGURES), _csv_grid(original)
        return
    source = CalamineWorkbook.from_filelike(BytesIO(original))
    for name in source.sheet_names:
        if name != say(RESULTS):
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


def _write(cell: Cell | MergedCell, text: str) -> None:
    """Text as text: whatever it begins with, no program takes it for a formula."""
    cell.value = clean(text)[:TEXT_MAX]
    cell.data_type = "s"


def _addresses(reference: str) -> Iterator[tuple[int, int]]:
    """Row and column of every cell of ``G5``, ``G5:G9`` or several of them; nothing for anything else."""
    left = CELLS_MAX
    for part in re.split(r"[,，、;；\s]+", reference):
        if not re.fullmatch(r"\$?[A-Za-z]{1,3}\$?[0-9]{1,7}(:\$?[A-Za-z]{1,3}\$?[0-9]{1,7})?", part):
            continue
        first_column, first_row, last_column, last_row = range_boundaries(part.upper())
        for row in range(first_row or 1, (last_row or 1) + 1):
            for column in range(first_column or 1, (last_column or 1) + 1):
                if left == 0:
                    return
                left -= 1
                yield row, column


def _sheet(book: Workbook, name: str) -> Worksheet | None:
    if name in book.sheetnames:
        found = book[name]
        return found if isinstance(found, Worksheet) else None
    return book.worksheets[0] if len(book.worksheets) == 1 else None


def _mark(book: Workbook, findings: Sequence[Remark], say: Language) -> None:
    messages: dict[tuple[str, int, int], list[Remark]] = defaultdict(list)
    for finding in findings:
        sheet = _sheet(book, finding.sheet)
        if sheet is not None and finding.cell:
            for row, column in _addresses("、".join(finding.cells) or finding.cell):
                messages[sheet.title, row, column].append(finding)
    for (title, row, column), found in messages.items():
        if row > 1_048_576 or column > 16_384:
            continue
        cell = book[title].cell(row, column)
        if isinstance(cell, MergedCell):
            continue
        cell.fill = _FILLS.get(found[0].severity, _FILLS["info"])
        text = "\n".join(
            say("【%(severity)s】%(message)s", severity=severity(f.severity, say), message=clean(f.message))
            for f in found
        )
        cell.comment = Comment(
            text[:TEXT_MAX], say(AUTHOR), width=320, height=40 + 18 * (1 + len(text) // 22)
        )


def _list(book: Workbook, findings: Sequence[Remark], say: Language) -> None:
    sheet = book.create_sheet(say(RESULTS), 0)
    errors = sum(f.severity == "error" for f in findings)
    _write(sheet["A1"], say(RESULTS))
    sheet["A1"].font, sheet["A2"].font = Font(name="宋体", bold=True, size=16), _PLAIN
    _write(
        sheet["A2"],
        say(
            "须改正%(errors)s处，请说明或核对%(others)s处。点击“单元格”可跳到该处；"
            "改正后保存，直接再次投递本文件。本表不必填写，也不必删除。",
            errors=errors,
            others=len(findings) - errors,
        ),
    )
    for column, (text, width) in enumerate(
        zip(
            (N_("序号"), N_("级别"), N_("工作表"), N_("单元格"), N_("填写内容"), N_("问题与改法")),
            (7, 9, 12, 12, 24, 80),
            strict=True,
        ),
        1,
    ):
        cell = sheet.cell(4, column)
        _write(cell, say(text))
        cell.font, cell.fill = Font(name="宋体", bold=True), _HEADER
        sheet.column_dimensions[get_column_letter(column)].width = width
    for row, finding in enumerate(findings, 5):
        sheet.cell(row, 1, row - 4).alignment = Alignment(horizontal="center", vertical="top")
        sheet.cell(row, 1).font = _PLAIN
        texts = (
            severity(finding.severity, say),
            finding.sheet or say("整份文件"),
            finding.cell,
            finding.value,
            finding.message,
        )
        for column, text in enumerate(texts, 2):
            cell = sheet.cell(row, column)
            _write(cell, text)
            cell.alignment, cell.font = Alignment(wrap_text=True, vertical="top"), _PLAIN
        sheet.cell(row, 2).fill = _FILLS.get(finding.severity, _FILLS["info"])
        target = _sheet_for_link(book, finding, say)
        if target:
            link = sheet.cell(row, 4)
            link.hyperlink = Hyperlink(ref=link.coordinate, location=target, display=finding.cell)
            link.font = Font(name="宋体", size=11, color="FF1D4F91", underline="single")
    sheet.freeze_panes = "A5"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    book.active = 0
    for other in book.worksheets:  # two selected sheets would be edited as one group
        other.sheet_view.tabSelected = other is sheet


def _sheet_for_link(book: Workbook, finding: Remark, say: Language) -> str:
    first = next(_addresses(finding.cell), None)
    others = [s.title for s in book.worksheets if s.title != say(RESULTS)]
    name = finding.sheet if finding.sheet in others else others[0] if len(others) == 1 else ""
    if first is None or not name:
        return ""
    quoted = name.replace("'", "''")
    return f"'{quoted}'!{get_column_letter(first[1])}{first[0]}"
