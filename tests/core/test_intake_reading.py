"""Good and nearly good uploads through the real child process: workbooks and CSVs in the promised layout."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from warehouse.intake import Limits, read_batch
from warehouse.intake.guard import admit
from warehouse.intake.reading import ROW_COLUMNS, CellState, HeldReason, Landing, Reading
from warehouse.intake.words import FIGURE_HEADER, PROGRESS_HEADER

LABELS = {"I-01": "亿元", "I-02": "%", "I-03": "家", "I-04": "状态"}
CLAIMS = ["填报单位", "市商务局", "单位编码", "SWJ", "报告期", "2019-Q3"]


def lines(**values: Any) -> list[list[Any]]:
    """The rows of 填报表; ``I_01="73%"`` fills 本期值 of I-01."""
    rows: list[list[Any]] = [["季报填报表"], CLAIMS, [], list(FIGURE_HEADER)]
    for code, unit in LABELS.items():
        rows.append(
            [code, "名称", unit, "口径", "目标", "", values.get(code.replace("-", "_"), ""), "", "", "", ""]
        )
    return [*rows, ["填报行数", len(LABELS)]]


def book(
    sheets: dict[str, list[list[Any]]], shares: frozenset[str] = frozenset(), meta: bool = True
) -> bytes:
    """A workbook of these sheets; cells of 填报表 named in ``shares`` get a per cent format."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    percent = made.add_format({"num_format": "0.00%"})
    for name, rows in sheets.items():
        sheet = made.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                address = f"{chr(65 + c)}{r + 1}"
                if isinstance(value, tuple):
                    sheet.write_formula(r, c, value[0], None, value[1])
                elif value != "":
                    sheet.write(r, c, value, percent if address in shares else None)
    if meta:
        sheet = made.add_worksheet("_meta")
        for r, (key, text) in enumerate({"template_version": "1", "plan_id": "mz", "plan_hash": "h"}.items()):
            sheet.write_row(r, 0, (key, text))
        sheet.very_hidden()
    made.close()
    return out.getvalue()


def read(tmp_path: Path, *contents: bytes, name: str = "a") -> list[Reading]:
    landing = tmp_path / "landing"
    landing.mkdir(exist_ok=True)
    landings = []
    for number, content in enumerate(contents):
        path = tmp_path / f"{number}-{name}"
        path.write_bytes(content)
        copy = admit(path, "SWJ", landing, Limits())
        assert isinstance(copy, Landing)
        landings.append(copy)
    return read_batch(landings, LABELS, Limits())


def rows(reading: Reading) -> list[dict[str, Any]]:
    return [dict(zip(ROW_COLUMNS, row, strict=True)) for row in reading.rows]


def codes(reading: Reading) -> set[str]:
    return {p.code for p in reading.problems}


def test_a_filled_workbook(tmp_path: Path) -> None:
    progress = [["工作进展"], CLAIMS, [], list(PROGRESS_HEADER), ["A-0101", "措施", "牵头", "推进中", "已开工", "批复"],
                ["A-0102", "措施", "牵头", "进行", "", ""]]  # fmt: skip
    figures = lines(I_01="1,234.5", I_02=0.73, I_03="１２", I_04="已完成")
    figures[4][9] = "是"
    (reading,) = read(tmp_path, book({"填报表": figures, "工作进展": progress}, frozenset({"G6"})))
    assert (reading.held, reading.problems, reading.kind) == (None, (), "xlsx")
    assert (reading.unit_code.text, reading.unit_code.cell, reading.period.text) == ("SWJ", "D2", "2019-Q3")
    assert (reading.template_version, reading.plan_hash) == ("1", "h")
    got = rows(reading)
    assert [(r["value"], r["value_state"], r["value_cell"]) for r in got[:4]] == [
        (1234.5, "number", "G5"), (73.0, "number", "G6"), (12.0, "number", "G7"), (None, "state", "G8"),
    ]  # fmt: skip
    assert got[3]["state"] == "已完成" and got[0]["is_nil"] and not got[1]["is_nil"]
    assert got[4]["state"] == "推进中" and got[4]["remark"] == "已开工" and got[4]["evidence"] == "批复"
    assert got[5]["state"] is None and got[5]["value_state"] == "text" and got[5]["value_text"] == "进行"


def test_error_cells_and_formulas_never_become_blanks(tmp_path: Path) -> None:
    figures = lines(I_01=("=1/0", "#DIV/0!"), I_02=("=A1", ""), I_03=("=6*2", 12))
    (reading,) = read(tmp_path, book({"填报表": figures}))
    got = rows(reading)
    assert got[0]["value_state"] == "error" and got[0]["value_text"] == "#DIV/0!"
    assert got[1]["value_state"] == "formula" and got[2]["value"] == 12.0


def test_rows_above_and_columns_moved_are_fine(tmp_path: Path) -> None:
    figures = lines(I_01=5)
    moved = [[["请于10日前报送"]], [["注意"]], *[[r] for r in figures]]
    shuffled = [list(reversed(r[0])) if len(r[0]) > 6 else r[0] for r in moved]
    (reading,) = read(tmp_path, book({"填报表": shuffled}))
    assert not reading.problems
    assert rows(reading)[0]["value"] == 5 and rows(reading)[0]["value_cell"] == "E7"


def test_layout_problems(tmp_path: Path) -> None:
    missing = [[c for i, c in enumerate(r) if i != 7] if len(r) > 6 else r for r in lines()]
    no_end, wrong = lines()[:-1], [*lines()[:-1], ["填报行数", 9]]
    after, foreign = [*lines(), ["I-09", "x"]], [["a", "b"], [1, 2]]
    contents = [book({"填报表": sheet}) for sheet in (missing, no_end, wrong, after, foreign)]
    found = [codes(r) for r in read(tmp_path, *contents)]
    assert found == [
        {"column_missing"},
        {"end_row_missing"},
        {"rows_mismatch"},
        {"rows_mismatch"},
        {"header_missing"},
    ]


def test_a_renamed_sheet_is_found_by_its_header(tmp_path: Path) -> None:
    (reading,) = read(tmp_path, book({"Sheet1": lines(I_01=3)}))
    assert rows(reading)[0]["value"] == 3 and rows(reading)[0]["sheet"] == "Sheet1"


def test_one_sheet_renamed_is_found_beside_the_other_and_a_copy_is_left_alone(tmp_path: Path) -> None:
    progress = [
        ["工作进展"],
        CLAIMS,
        [],
        list(PROGRESS_HEADER),
        ["A-0101", "措施", "牵头", "推进中", "开工", ""],
    ]
    renamed = [
        {"填报表 (2)": lines(I_01=3), "工作进展": progress},
        {"填报表": lines(I_01=3), "进展": progress},
        {"填报表": lines(I_01=3), "填报表 (2)": lines(I_01=9), "我的进展": progress},
    ]
    for reading in read(tmp_path, *map(book, renamed)):
        got = {r["item"]: r for r in rows(reading)}
        assert len(reading.rows) == len(got) == len(LABELS) + 1 and reading.problems == ()
        assert got["I-01"]["value"] == 3 and got["A-0101"]["state"] == "推进中"


def test_a_sheet_is_told_by_the_name_its_workbook_gives_it(tmp_path: Path) -> None:
    spaced, two, foreign = read(
        tmp_path,
        book({" 填报表": lines(I_01=3)}),
        book({"填报表": lines(I_01=3), "填报表 ": lines(I_01=9)}),
        b"a,b\r\n1,2\r\n",
    )
    assert {r["sheet"] for r in rows(spaced)} == {" 填报表"}
    # Neither of the two is chosen: the rules tell of codes that appear twice.
    assert [(r["sheet"], r["value"]) for r in rows(two) if r["item"] == "I-01"] == [
        ("填报表", 3.0),
        ("填报表 ", 9.0),
    ]
    assert [(p.code, p.sheet) for p in foreign.problems] == [("header_missing", "填报表")]


def test_sheets_of_two_units_or_periods_are_never_read_as_one_file(tmp_path: Path) -> None:
    def progress(*claims: str) -> bytes:
        item = ["A-0101", "措施", "牵头", "推进中", "开工", ""]
        return book(
            {
                "填报表": lines(I_01=3),
                "工作进展": [["进展"], list(claims), [], list(PROGRESS_HEADER), item],
            }
        )

    period, unit, renamed, silent = read(
        tmp_path,
        progress("填报单位", "市商务局", "单位编码", "SWJ", "报告期", "2019-Q2"),
        progress("填报单位", "市科技局", "单位编码", "KJJ", "报告期", "2019-Q3"),
        progress("填报单位", "梅州市商务局", "单位编码", "swj", "报告期", "2019-q3"),
        progress("填报单位", "", "单位编码", "", "报告期", ""),
    )
    told = [[(p.code, p.sheet, p.cell, p.value) for p in r.problems] for r in (period, unit)]
    assert told == [
        [("sheets_disagree", "工作进展", "F2", "2019-Q2")],
        [("sheets_disagree", "工作进展", "B2", "市科技局")],
    ]
    assert (period.rows, unit.rows) == ([], [])
    for reading in (renamed, silent):
        assert len(reading.rows) == len(LABELS) + 1 and reading.problems == ()


def test_what_no_sheet_says_is_told_at_the_first_one(tmp_path: Path) -> None:
    figures = lines(I_01=3)
    figures[1] = CLAIMS[:5]
    progress = [["进展"], CLAIMS[:5], [], list(PROGRESS_HEADER), ["A-0101", "措施", "牵头", "", "", ""]]
    (reading,) = read(tmp_path, book({"填报表": figures, "工作进展": progress}))
    assert (reading.period.text, reading.period.sheet, reading.period.cell) == ("", "填报表", "F2")


def as_csv(delimiter: str, **values: Any) -> str:
    quoted = [[f'"{c}"' if delimiter in str(c) else str(c) for c in row] for row in lines(**values)]
    return "\r\n".join(delimiter.join(row) for row in quoted) + "\r\n"


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_csv_in_every_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = as_csv(delimiter, I_01="1,234.5", I_02="73%", I_03="无", I_04="推进中")
    (reading,) = read(tmp_path, text.encode(encoding))
    assert (reading.kind, reading.held, reading.problems) == ("csv", None, ())
    assert reading.unit_name.text == "市商务局" and reading.period.text == "2019-Q3"
    assert [(r["value"], r["value_state"]) for r in rows(reading)] == [
        (1234.5, "number"), (73.0, "number"), (None, "blank"), (None, "state"),
    ]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_line_shifted_by_an_unquoted_delimiter_is_not_read_by_place(tmp_path: Path, delimiter: str) -> None:
    text = as_csv(delimiter, I_01="8.25", I_02="73%", I_03=12)
    value = text.replace("8.25", f"1{delimiter}008.25")
    earlier = text.replace(
        f"口径{delimiter}目标{delimiter}", f"口{delimiter}径{delimiter}目标{delimiter}7", 1
    )
    ragged = "".join(line + delimiter * 2 + "\r\n" for line in text.splitlines())
    shifted, moved, fine = read(tmp_path, *(t.encode() for t in (value, earlier, ragged)))
    for reading, shown in ((shifted, f"1{delimiter}008.25"), (moved, f"7{delimiter}8.25")):
        first, second = rows(reading)[:2]
        assert (first["value"], first["value_state"], first["value_text"]) == (None, "ambiguous", shown)
        assert first["value_cell"] == "G5" and second["value"] == 73
    assert [r["value"] for r in rows(fine)[:3]] == [8.25, 73, 12] and fine.problems == ()


def test_the_end_mark_of_old_programs_is_no_content(tmp_path: Path) -> None:
    text = as_csv(",", I_01=5)
    ended, within = read(tmp_path, (text + "\x1a").encode(), text.replace("亿元", "亿\x1a元").encode())
    assert ended.problems == () and rows(ended)[0]["value"] == 5
    assert within.held is HeldReason.UNKNOWN_KIND


def test_no_cut_point_of_a_csv_is_taken_for_complete(tmp_path: Path) -> None:
    whole = as_csv(",", I_01="1,234.5", I_02="73%").rstrip().encode()
    step = max(1, len(whole) // 60)
    cuts = [whole[:n] for n in sorted({*range(1, len(whole), step), *range(len(whole) - 20, len(whole))})]
    assert len(cuts) >= 40
    readings = read(tmp_path, *cuts)
    assert all(r.held or (r.problems and not r.rows) for r in readings)
    assert read(tmp_path, whole)[0].problems == ()


def test_no_cut_point_of_a_workbook_is_taken_for_complete(tmp_path: Path) -> None:
    whole = book({"填报表": lines(I_01=5)})
    cuts = [whole[:n] for n in sorted({*range(4, len(whole), len(whole) // 50), len(whole) - 1})]
    zeroed = [whole[:n] + bytes(len(whole) - n) for n in range(4, len(whole), len(whole) // 40)]
    assert len(cuts) >= 40
    readings = read(tmp_path, *cuts, *zeroed, whole + bytes(512))
    assert {r.held for r in readings} <= {HeldReason.DAMAGED, HeldReason.UNKNOWN_KIND}
    assert not any(r.rows for r in readings)


def test_rows_of_data_without_a_code_are_kept(tmp_path: Path) -> None:
    figures = lines(I_01=5)
    figures[5][0] = ""
    (reading,) = read(tmp_path, book({"填报表": figures}))
    assert [r["item"] for r in rows(reading)] == ["I-01", "", "I-03", "I-04"]


def test_states_are_told_as_the_enum_says(tmp_path: Path) -> None:
    (reading,) = read(tmp_path, book({"填报表": lines(I_01="约1000")}))
    assert rows(reading)[0]["value_state"] == CellState.AMBIGUOUS.value
    assert rows(reading)[0]["value_text"] == "约1000"
