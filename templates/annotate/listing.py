"""The first sheet 校验结果: every finding in a row, with a link to its cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from xml.sax.saxutils import quoteattr

from config.language import N_, Language
from templates.annotate.book import Book, Sheet
from templates.annotate.marks import Remark, colour, places, sheet_of
from templates.annotate.markup import address, cell_of, columns_of, fragment, row_of, text_of
from templates.annotate.styles import HEADER, Look
from templates.formats import severity

RESULTS: Final = N_("校验结果")
_COLUMNS: Final = (
    (N_("序号"), 7), (N_("级别"), 9), (N_("工作表"), 12), (N_("单元格"), 12), (N_("填写内容"), 24),
    (N_("问题与改法"), 80),
)  # fmt: skip
_LINK: Final = "1D4F91"
_TITLE: Final = Look(is_plain=True, is_bold=True, size=16)
_LINE: Final = Look(is_plain=True)
_HEAD: Final = Look(is_plain=True, is_bold=True, fill=HEADER)
_NUMBER: Final = Look(is_plain=True, align="center", is_top=True)
_TEXT: Final = Look(is_plain=True, is_wrapped=True, is_top=True)


def add_list(book: Book, findings: Sequence[Remark], say: Language) -> None:
    styles = {look: book.styles.over(0, look) for look in (_TITLE, _LINE, _HEAD, _NUMBER, _TEXT)}
    errors = sum(f.severity == "error" for f in findings)
    summary = say(
        "须改正%(errors)s处，请说明或核对%(others)s处。点击“单元格”可跳到该处；"
        "改正后保存，直接再次投递本文件。本表不必填写，也不必删除。",
        errors=errors,
        others=len(findings) - errors,
    )
    head = [cell_of((4, n), say(text), styles[_HEAD]) for n, (text, _) in enumerate(_COLUMNS, 1)]
    rows = [
        row_of(1, [cell_of((1, 1), say(RESULTS), styles[_TITLE])]),
        row_of(2, [cell_of((2, 1), summary, styles[_LINE])]),
        row_of(4, head),
    ]
    links = []
    for row, finding in enumerate(findings, 5):
        target = _target(book, finding)
        told = (
            (row - 4, _NUMBER),
            (severity(finding.severity, say), replace(_TEXT, fill=colour(finding.severity))),
            (finding.sheet or say("整份文件"), _TEXT),
            (finding.cell, replace(_TEXT, colour=_LINK) if target else _TEXT),
            (finding.value, _TEXT),
            (finding.message, _TEXT),
        )
        cells = enumerate(told, 1)
        rows.append(row_of(row, [cell_of((row, n), v, book.styles.over(0, look)) for n, (v, look) in cells]))
        if target:
            shown = quoteattr(text_of(finding.cell))
            links.append(f'<hyperlink ref="D{row}" location={quoteattr(target)} display={shown}/>')
    root = fragment(
        '<worksheet><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        '<sheetViews><sheetView tabSelected="1" workbookViewId="0">'
        '<pane ySplit="4" topLeftCell="A5" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"{columns_of(width for _, width in _COLUMNS)}<sheetData>{''.join(rows)}</sheetData>"
        f"{'<hyperlinks>' + ''.join(links) + '</hyperlinks>' if links else ''}"
        '<pageSetup orientation="landscape" fitToHeight="0"/></worksheet>'
    )
    book.put_first(Sheet(_title(book, say(RESULTS)), root))


def _title(book: Book, title: str) -> str:
    """Only a book of nothing but our own list still has that name taken."""
    taken = {sheet.name.lower() for sheet in book.sheets}
    return title if title.lower() not in taken else f"{title}1"


def _target(book: Book, finding: Remark) -> str:
    sheet, first = sheet_of(book.sheets, finding.sheet), next(places(finding.cell), None)
    if sheet is None or first is None:
        return ""
    quoted = sheet.name.replace("'", "''")
    return f"'{quoted}'!{address(first)}"
