"""The annotated return: a unit's own workbook with its wrong cells marked, to be corrected and dropped again.

Only files that intake has read safely come here. Their package is edited part by part (ADR 21): what is known to
be inert stays as it is, everything else (formulas, macros, links, objects, shapes, pivot tables) is left behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from config.language import CHINESE, Language
from templates.annotate.book import Book
from templates.annotate.listing import RESULTS, add_list
from templates.annotate.marks import AUTHOR, Remark, mark, unmark
from templates.annotate.markup import Unfit
from templates.annotate.opening import opened
from templates.annotate.package import Package
from templates.annotate.rebuilding import Looks, rebuilt

__all__ = ["AUTHOR", "RESULTS", "Looks", "Remark", "annotated_return"]
_ORDER = {"error": 0, "warning": 1, "info": 2}


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
    book = _book(original, kind, looks or {}, say)
    ordered = sorted(findings, key=lambda finding: _ORDER.get(finding.severity, 3))
    unmark(book, say(AUTHOR))
    mark(book, ordered, say)
    add_list(book, ordered, say)
    return book.saved(Package(as_of))


def _book(original: bytes, kind: str, looks: Looks, say: Language) -> Book:
    if kind in ("xlsx", "xlsm"):
        try:
            return opened(original, say(RESULTS))
        except Unfit:  # nested too deep, or not as the standard says: its cells were read all the same
            return rebuilt(original, kind, {}, say(RESULTS), say)
    return rebuilt(original, kind, looks, say(RESULTS), say)
