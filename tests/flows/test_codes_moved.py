"""Column A sorted or shifted alone: no figure counts under another item's code, each wrong row is told at its cell."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from drop_folder import PERIOD, Desk, open_desk
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from flows import sample

UNIT = "JXJ"
FIRST = 5  # row of the first item
RULE = "item_name_differs"


def moved(body: bytes, sheet_name: str, move: Callable[[list[str]], list[str]]) -> tuple[bytes, list[str]]:
    """The workbook with the codes of one sheet moved and nothing else; the cells whose code is another now."""
    book = load_workbook(BytesIO(body))
    sheet = book[sheet_name]
    before = codes(sheet)
    after = move(before)
    for row, code in enumerate(after, FIRST):
        sheet.cell(row, 1, code)
    out = BytesIO()
    book.save(out)
    return out.getvalue(), [
        f"A{r}" for r, pair in enumerate(zip(before, after, strict=True), FIRST) if len(set(pair)) > 1
    ]


def codes(sheet: Worksheet) -> list[str]:
    found = [str(c.value) for (c,) in sheet.iter_rows(min_row=FIRST, max_col=1) if c.value]
    return [c for c in found if c[1:2] == "-"]


def swapped(before: list[str]) -> list[str]:
    return [before[1], before[0], *before[2:]]


def reversed_(before: list[str]) -> list[str]:
    return sorted(before, reverse=True)


def counted(desk: Desk) -> dict[str, tuple[object, ...]]:
    rows = desk.sql(
        "SELECT item, value, numerator, denominator, state FROM main.observation WHERE unit = ? AND period = ? "
        "QUALIFY row_number() OVER (PARTITION BY item ORDER BY revision DESC) = 1", UNIT, PERIOD,
    )  # fmt: skip
    return {row[0]: row[1:] for row in rows}


def told(desk: Desk) -> list[str]:
    """Every cell that the rule names, alone or in a range."""
    found = desk.sql("SELECT cell FROM mart.finding WHERE unit = ? AND rule = ?", UNIT, RULE)
    runs = [[int(end[1:]) for end in cell.split(":")] for (cell,) in found]
    return [f"A{row}" for run in sorted(runs) for row in range(run[0], run[-1] + 1)]


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[object, ...]]:
    desk = open_desk(tmp_path_factory.mktemp("right") / "home")
    desk.drop(UNIT, "原件.xlsx", desk.book(UNIT))
    desk.collect()
    assert told(desk) == []
    return counted(desk)


@pytest.mark.parametrize("sheet", ["填报表", "工作进展"])
@pytest.mark.parametrize("move", [swapped, reversed_])
def test_nothing_counts_under_a_code_that_is_not_its_own(
    right: dict[str, tuple[object, ...]], tmp_path: Path, sheet: str, move: Callable[[list[str]], list[str]]
) -> None:
    desk = open_desk(tmp_path / "home")
    body, wrong = moved(desk.book(UNIT), sheet, move)
    desk.drop(UNIT, "移动.xlsx", body)
    desk.collect()
    assert len(wrong) > 1 and told(desk) == wrong
    names = codes(load_workbook(BytesIO(body))[sheet])
    touched = {names[int(cell[1:]) - FIRST] for cell in wrong}
    # The other rows count as if nothing had happened.
    assert counted(desk) == {item: figure for item, figure in right.items() if item not in touched}
    assert desk.sql("SELECT status FROM mart.submission WHERE unit = ?", UNIT) == [("returned",)]
    (returned,) = desk.office.home.returned(PERIOD).glob(f"{UNIT}_*.xlsx")
    marked = load_workbook(returned)[sheet]
    assert all(marked[cell].comment is not None for cell in wrong)
    said = desk.sql("SELECT cell, value, message FROM mart.finding WHERE unit = ? AND rule = ?", UNIT, RULE)
    printed = {marked[f"B{r}"].value: code for r, code in enumerate(sorted(names), FIRST)}
    for _, value, message in said:
        assert value in printed and "恢复表样原有的编码与名称对应关系" in message
    desk.check_invariant()


def test_codes_moved_in_a_csv_are_told_too(right: dict[str, tuple[object, ...]], tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "home")
    body, wrong = moved(desk.book(UNIT), "填报表", swapped)
    desk.drop(UNIT, "移动.csv", sample.as_csv(body))
    desk.collect()
    assert told(desk) == wrong == ["A5", "A6"]
    figures = {item for item in right if item.startswith("I-")}
    assert len(figures - set(counted(desk))) == 2
    messages = [
        m for (m,) in desk.sql("SELECT message FROM mart.finding WHERE unit = ? AND rule = ?", UNIT, RULE)
    ]
    first, second = codes(load_workbook(BytesIO(body))["填报表"])[:2]
    assert len(messages) == 2 and all(f"编码“{first}”" in m and f"编码“{second}”" in m for m in messages)


def test_the_order_restored_all_counts(right: dict[str, tuple[object, ...]], tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "home")
    body, _ = moved(desk.book(UNIT), "填报表", reversed_)
    desk.drop(UNIT, "移动.xlsx", body)
    desk.collect()
    desk.drop(UNIT, "更正.xlsx", desk.book(UNIT))
    desk.collect()
    assert counted(desk) == right


def test_whole_rows_sorted_are_as_good_as_before(
    right: dict[str, tuple[object, ...]], tmp_path: Path
) -> None:
    desk = open_desk(tmp_path / "home")
    book = load_workbook(BytesIO(desk.book(UNIT)))
    sheet = book["填报表"]
    last = FIRST + len(codes(sheet))
    rows = [[c.value for c in row] for row in sheet.iter_rows(min_row=FIRST, max_row=last - 1)]
    for number, row in enumerate(reversed(rows), FIRST):
        for column, value in enumerate(row, 1):
            sheet.cell(number, column).value = value
    out = BytesIO()
    book.save(out)
    desk.drop(UNIT, "排序.xlsx", out.getvalue())
    desk.collect()
    assert told(desk) == [] and counted(desk) == right
