"""From sheets of cells to rows of ours: headers found by name, rows counted, claims with their addresses.

Belongs here: the layout of the upload workbook (product.md). Does not: file formats (xlsx, csv), what a
figure may be (numbers), what is acceptable (checks).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from warehouse.intake.numbers import Figure, parse_figure
from warehouse.intake.reading import CellState, Claim, LayoutProblem
from warehouse.intake.words import (
    CHINESE_WORDS,
    CLAIMS,
    END_LABEL,
    FIGURE_HEADER,
    FIGURES,
    META,
    OTHER_LANGUAGES,
    OTHERS,
    PROGRESS,
    PROGRESS_HEADER,
    STATES,
    Words,
    fold,
    show,
    words_of,
)

BELOW_END = "表尾之后还有内容"  # prepare_file_checks.sql knows it too
_HEADER_WITHIN = 200


@dataclass
class Grid:
    """One sheet: values by row from A1 on. ``formats`` and ``specials`` by (row, column), both 0-based.

    ``specials``: cells whose value is not in ``rows`` (error values, formulas never calculated, shares of
    unknown format) as (state, text). ``separator``: of the fields of a text file, which alone can be shifted.
    """

    name: str
    rows: Sequence[Sequence[Any]]
    formats: Mapping[tuple[int, int], str] = field(default_factory=dict)
    specials: Mapping[tuple[int, int], tuple[CellState, str]] = field(default_factory=dict)
    separator: str = ""


@dataclass
class Layout:
    """What the sheets of one file say."""

    claims: dict[str, Claim] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
    problems: list[LayoutProblem] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)


def read_layout(grids: Sequence[Grid], unit_labels: Mapping[str, str], *, must_end: bool = False) -> Layout:
    """Rows of both sheets. Without any header of ours: no rows and the problem header_missing.

    :param unit_labels: the register's 计量单位 by item code; figures are converted to it
    :param must_end: a text file whose end row is missing or wrong is incomplete and yields no rows; no more do
        sheets that name different units or periods
    """
    layout, found = _read(grids, unit_labels, CHINESE_WORDS)
    for code in OTHER_LANGUAGES:  # looked up only for what is no Chinese workbook
        if found:
            break
        other, found = _read(grids, unit_labels, words_of(code))
        layout = other if found else layout
    if not found:
        first = next((g.name for g in grids if fold(g.name) not in OTHERS), "")
        layout.problems.append(LayoutProblem("header_missing", first))
    # A note below an end row whose number fits cuts nothing off, of a text file no more than of a workbook.
    codes = {p.code for p in layout.problems if p.value != BELOW_END}
    if "sheets_disagree" in codes or (must_end and codes & {"end_row_missing", "rows_mismatch"}):
        layout.rows = []
    return layout


def _read(grids: Sequence[Grid], unit_labels: Mapping[str, str], words: Words) -> tuple[Layout, bool]:
    layout, found = Layout(), False
    names = {fold(grid.name) for grid in grids}
    for grid in grids:
        name = fold(grid.name)
        if name == META:
            layout.meta = {fold(r[0]): show(r[1]) for r in grid.rows if len(r) > 1 and fold(r[0])}
            continue
        for header, reader in ((FIGURE_HEADER, _figures), (PROGRESS_HEADER, _progress)):
            # A sheet of ours by name stands for its header: a copy of it beside it is the clerk's own.
            own = FIGURES if header is FIGURE_HEADER else PROGRESS
            at = None if name != own and own in names else _find_header(grid, header, words)
            if at is None:
                continue
            found = True
            # A text file has no sheet: it is called as the workbook of its language calls it.
            grid.name = words.sheets.get(grid.name, grid.name)
            _merge(_claims(grid, at, words), layout)
            reader(grid, at, unit_labels, layout, words)
            break
    return layout, found


@lru_cache(maxsize=8192)
def address(row: int, column: int) -> str:
    """A1 form of a 0-based position."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def _find_header(grid: Grid, header: Sequence[str], words: Words) -> int | None:
    """The row that holds the code column and at least half of the names."""
    need, names = len(header) // 2, frozenset(header)
    for number, row in enumerate(grid.rows[:_HEADER_WITHIN]):
        texts = {words(fold(cell)) for cell in row if isinstance(cell, str) and cell}
        if len(texts & names) >= need:
            return number
    return None


def _claims(grid: Grid, header_row: int, words: Words) -> dict[str, Claim]:
    found: dict[str, Claim] = {}
    for number, row in enumerate(grid.rows[:header_row]):
        for column, cell in enumerate(row):
            text = words(fold(cell).rstrip(":")) if isinstance(cell, str) and cell else ""
            name = CLAIMS.get(text)
            if name and name not in found:
                value, at = "", column + 1
                for ahead in range(column + 1, min(column + 4, len(row))):
                    if show(row[ahead]):
                        if words(fold(row[ahead]).rstrip(":")) not in CLAIMS:
                            value, at = show(row[ahead]), ahead
                        break
                found[name] = Claim(value, grid.name, address(number, at))
    return found


def _merge(claims: Mapping[str, Claim], layout: Layout) -> None:
    """The claims of one more sheet. A second unit or period in one file: nobody can say which one is meant."""
    known, none = layout.claims, Claim()
    codes = {fold(c.get("unit_code", none).text).upper() for c in (known, claims)}
    differs = None
    for what, claim in claims.items():
        said = known.get(what, none).text
        if what not in known or (claim.text and not said):
            known[what] = claim
        elif claim.text and fold(claim.text).upper() != fold(said).upper():
            # One unit has several names, but one code.
            is_name_only = what == "unit_name" and len(codes) == 1 and "" not in codes
            differs = differs or (None if is_name_only else claim)
    if differs is not None:
        layout.problems.append(LayoutProblem("sheets_disagree", differs.sheet, differs.cell, differs.text))


def _columns(grid: Grid, at: int, header: Sequence[str], layout: Layout, words: Words) -> dict[str, int]:
    places: dict[str, int] = {}
    for column, cell in enumerate(grid.rows[at]):
        name = words(fold(cell))
        if name in header:
            if name in places:
                layout.problems.append(LayoutProblem("column_repeated", grid.name, address(at, column), name))
            else:
                places[name] = column
    layout.problems.extend(
        LayoutProblem("column_missing", grid.name, address(at, 0), name)
        for name in header
        if name not in places
    )
    return places


def _body(
    grid: Grid, at: int, places: Mapping[str, int], code: str, words: Words
) -> tuple[list[int], int | None]:
    """Row numbers below the header that hold anything in our columns, and the end row's."""
    used: list[int] = []
    columns = sorted(places.values())
    leading = {0, places.get(code, 0)}
    special = {row for row, _ in grid.specials}
    for number in range(at + 1, len(grid.rows)):
        row = grid.rows[number]
        if any(
            c < len(row) and isinstance(row[c], str) and words(fold(row[c])) == END_LABEL for c in leading
        ):
            return used, number
        if number in special or any(
            c < len(row) and row[c] not in (None, "") and show(row[c]) for c in columns
        ):
            used.append(number)
    return used, None


def _check_end(grid: Grid, end: int | None, count: int, layout: Layout, words: Words) -> None:
    if end is None:
        layout.problems.append(LayoutProblem("end_row_missing", grid.name))
        return
    row = grid.rows[end]
    texts = [(column, show(cell)) for column, cell in enumerate(row) if show(cell)]
    after = next((t for t in texts if words(fold(t[1])) != END_LABEL), None)
    stated = fold(after[1]) if after else ""
    if not stated.isascii() or not stated.isdecimal() or int(stated[:9]) != count:
        cell = address(end, after[0] if after else 1)
        layout.problems.append(
            LayoutProblem("rows_mismatch", grid.name, cell, f"{stated or '空'}，实有{count}行")
        )
    for number in range(end + 1, len(grid.rows)):
        if any(show(cell) for cell in grid.rows[number]):
            cell = address(number, 0)
            layout.problems.append(LayoutProblem("rows_mismatch", grid.name, cell, BELOW_END))
            break


def _doubt_shifted(grid: Grid, at: int, body: Sequence[int], end: int | None) -> None:
    """An unquoted separator (1,234.5) moves all that follows it: no field of such a line is read by its place.

    The header and the end row say how long a line is: separators that end every line alike shift nothing.
    """
    if not grid.separator:
        return
    width = max(len(grid.rows[number]) for number in (at, at if end is None else end))
    grid.specials = {
        (number, column): (CellState.AMBIGUOUS, grid.separator.join(row[column:]).rstrip(grid.separator))
        for number in body
        if len(row := grid.rows[number]) > width
        for column, text in enumerate(row)
        if text.strip()
    }


class _Cells:
    """One row by column name; missing columns read as blank without an address."""

    def __init__(self, grid: Grid, number: int, places: Mapping[str, int]) -> None:
        self.grid, self.number, self.places, self.row = grid, number, places, grid.rows[number]

    def raw(self, name: str) -> Any:
        column = self.places.get(name, -1)
        return self.row[column] if 0 <= column < len(self.row) else None

    def text(self, name: str) -> str:
        value = self.raw(name)
        return show(value) if value not in (None, "") else ""

    def cell(self, name: str) -> str:
        return address(self.number, self.places[name]) if name in self.places else ""

    def figure(self, name: str, unit: str) -> Figure:
        place = (self.number, self.places.get(name, -1))
        if place in self.grid.specials:
            state, text = self.grid.specials[place]
            return Figure(None, state, text)
        return parse_figure(self.raw(name), unit, self.grid.formats.get(place, ""))

    def special(self, name: str) -> tuple[CellState, str] | None:
        return self.grid.specials.get((self.number, self.places.get(name, -1)))


def _figures(grid: Grid, at: int, unit_labels: Mapping[str, str], layout: Layout, words: Words) -> None:
    places = _columns(grid, at, FIGURE_HEADER, layout, words)
    if "指标编码" not in places:
        return
    body, end = _body(grid, at, places, "指标编码", words)
    _doubt_shifted(grid, at, body, end)
    _check_end(grid, end, len(body), layout, words)
    for number in body:
        cells = _Cells(grid, number, places)
        item = fold(cells.raw("指标编码"))
        written = cells.text("计量单位")
        unit = unit_labels.get(item) or written
        value = cells.figure("本期值", unit)
        state = words(fold(cells.raw("本期值")))
        if value.state is CellState.TEXT and state in STATES:
            value = Figure(None, CellState.STATE, value.text)
        # Parts carry no unit of their own: 亿元 over 亿元 or 家 over 家, only numbers are compared.
        parts = [cells.figure(name, "" if "%" in unit or "%" in unit else unit) for name in ("分子", "分母")]
        nil = words(cells.text("零报告"))
        layout.rows.append((
            "", grid.name, number + 1, item, "indicator", cells.cell("指标编码"),
            written, cells.cell("计量单位"),
            *_told(value, cells.cell("本期值")), *_told(parts[0], cells.cell("分子")),
            *_told(parts[1], cells.cell("分母")),
            state if value.state is CellState.STATE else None, nil, words(fold(nil)) == "是", cells.cell("零报告"),
            cells.text("说明"), cells.cell("说明"), "", value.unit, cells.text("指标名称"),
        ))  # fmt: skip


def _told(figure: Figure, cell: str) -> tuple[str, float | None, str, str]:
    number = None if figure.number is None else float(figure.number)
    return figure.text, number, figure.state.value, cell


def _progress(grid: Grid, at: int, unit_labels: Mapping[str, str], layout: Layout, words: Words) -> None:
    places = _columns(grid, at, PROGRESS_HEADER, layout, words)
    if "措施编码" not in places:
        return
    body, end = _body(grid, at, places, "措施编码", words)
    _doubt_shifted(grid, at, body, end)
    if end is not None:
        _check_end(grid, end, len(body), layout, words)
    for number in body:
        cells = _Cells(grid, number, places)
        text, state = cells.text("进展状态"), words(fold(cells.raw("进展状态")))
        special = cells.special("进展状态")
        if special is not None:
            kind, text = special
        elif state in STATES:
            kind = CellState.STATE
        else:
            kind = parse_figure(text, "").state if text else CellState.BLANK
            kind = kind if kind in (CellState.BLANK, CellState.ERROR, CellState.FORMULA) else CellState.TEXT
        layout.rows.append((
            "", grid.name, number + 1, fold(cells.raw("措施编码")), "action", cells.cell("措施编码"), "", "",
            text, None, kind.value, cells.cell("进展状态"),
            "", None, CellState.BLANK.value, "", "", None, CellState.BLANK.value, "",
            state if kind is CellState.STATE else None, "", False, "",
            cells.text("进展说明"), cells.cell("进展说明"), cells.text("佐证"), "", cells.text("措施名称"),
        ))  # fmt: skip


def wanted_sheets(names: Iterable[str]) -> list[str]:
    """Which sheets to load: ours by name, and every other one only where one of ours is missing."""
    folded = {name: fold(name) for name in names}
    # Two sheets may differ by a blank in the name only: which one counts is not ours to guess, both are read.
    ours = [name for own in (FIGURES, PROGRESS, META) for name in folded if folded[name] == own]
    if not {FIGURES, PROGRESS} <= set(folded.values()):
        ours += [n for n in folded if n not in ours and folded[n] not in OTHERS][:20]
    return ours
