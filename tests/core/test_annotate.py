"""Annotated returns: marked, listed, linked, inert, and fit to be dropped again."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import Workbook, load_workbook
from test_workbook import FILLED, SPEC
from view_samples import ERRORS, WARNINGS

from config.calendar import SHANGHAI
from templates.annotate import AUTHOR, RESULTS, annotated_return
from templates.views import FindingLine
from templates.workbook import upload_workbook
from warehouse.intake.batch import read_batch
from warehouse.intake.guard import admit
from warehouse.intake.limits import Limits
from warehouse.intake.reading import Landing

ORIGINAL = upload_workbook(SPEC, FILLED)
FINDINGS = (*WARNINGS, *ERRORS)
MADE = datetime(2019, 10, 16, 10, 0, 2, tzinfo=SHANGHAI)
CSV = (
    '“互联网+”填报表\n填报单位,梅江区,单位编码,441402,报告期,2019-Q3\n\n'
    "指标编码,指标名称,计量单位,口径,2020目标,上期值,本期值,分子,分母,零报告,说明\n"
    "I-01,电子商务交易额,亿元,,,,约1000,,,,=1+1\n填报行数,1\n"
)  # fmt: skip


def read(data: bytes) -> Workbook:
    return load_workbook(BytesIO(data))


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_its_dates_are_the_argument_and_never_the_clock(kind: str) -> None:
    original = ORIGINAL if kind == "xlsx" else CSV.encode()
    made = annotated_return(original, kind, FINDINGS, MADE)
    assert made == annotated_return(original, kind, FINDINGS, MADE)
    said, utc = read(made).properties, MADE.astimezone(UTC).replace(tzinfo=None)
    assert (said.created, said.modified) == (utc, utc)
    with ZipFile(BytesIO(made)) as archive:
        assert {member.date_time for member in archive.infolist()} == {utc.timetuple()[:6]}


def test_cells_are_coloured_commented_listed_and_linked() -> None:
    book = read(annotated_return(ORIGINAL, "xlsx", FINDINGS, MADE))
    assert book.sheetnames == [RESULTS, "填报表", "工作进展", "填报说明", "_meta"]
    cell = book["填报表"]["G5"]
    assert cell.comment is not None
    assert ERRORS[0].message in cell.comment.text
    assert cell.fill.fgColor.rgb == "FFFFC7CE"
    assert book["填报表"]["G6"].fill.fgColor.rgb == "FFFFE08A"
    sheet = book[RESULTS]
    assert "须改正2处" in sheet["A2"].value
    assert [c.value for c in sheet[5]] == [1, "错误", "填报表", "G5", "约1000", ERRORS[0].message]
    assert sheet["D5"].hyperlink.location == "'填报表'!G5"
    assert sheet["D5"].hyperlink.target is None
    assert [sheet["C6"].value, sheet["D6"].hyperlink] == ["整份文件", None]
    assert [s.sheet_view.tabSelected for s in book.worksheets].count(True) == 1


def test_the_rest_of_the_workbook_is_untouched() -> None:
    before, after = read(ORIGINAL), read(annotated_return(ORIGINAL, "xlsx", FINDINGS, MADE))
    for sheet in before.worksheets:
        twin = after[sheet.title]
        assert [[c.value for c in r] for r in sheet.iter_rows()] == [
            [c.value for c in r] for r in twin.iter_rows()
        ]
        assert [[c.number_format for c in r] for r in sheet.iter_rows()] == [
            [c.number_format for c in r] for r in twin.iter_rows()
        ]
        assert twin.protection.sheet == sheet.protection.sheet
        assert twin.sheet_state == sheet.sheet_state
    assert after["填报表"].data_validations.count == before["填报表"].data_validations.count
    assert not after["填报表"]["G5"].protection.locked


def test_a_second_return_forgets_the_first() -> None:
    first = annotated_return(ORIGINAL, "xlsx", FINDINGS, MADE)
    book = read(annotated_return(first, "xlsx", (FindingLine("error", "填报表", "G7", "x", "新问题"),), MADE))
    assert book.sheetnames.count(RESULTS) == 1
    assert book["填报表"]["G5"].comment is None
    assert book["填报表"]["G5"].fill.fgColor.rgb == "FFFFFBE6"
    assert book["填报表"]["G7"].comment.author == AUTHOR
    assert book[RESULTS]["F5"].value.endswith("新问题")


def test_no_formula_leaves_live() -> None:
    book = read(ORIGINAL)
    book["填报表"]["G5"] = "=WEBSERVICE(1)"
    book["填报表"]["K5"].hyperlink = "http://x.cn/"
    buffer = BytesIO()
    book.save(buffer)
    poison = FindingLine("error", "填报表", "G5", "=cmd|' /C calc'!A0", "=HYPERLINK(1)\u202e\x00")
    result = read(annotated_return(buffer.getvalue(), "xlsx", (poison,), MADE))
    assert not any(c.data_type == "f" for s in result.worksheets for r in s.iter_rows() for c in r)
    assert result["填报表"]["G5"].value == "=WEBSERVICE(1)"
    assert result["填报表"]["K5"].hyperlink is None
    assert result[RESULTS]["F5"].value == "=HYPERLINK(1)"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_comes_back_as_a_workbook(encoding: str, delimiter: str) -> None:
    data = CSV.replace(",", delimiter).encode(encoding)
    book = read(annotated_return(data, "csv", ERRORS, MADE))
    assert book.sheetnames == [RESULTS, "填报表"]
    sheet = book["填报表"]
    assert [sheet["D2"].value, sheet["F2"].value, sheet["A4"].value] == ["441402", "2019-Q3", "指标编码"]
    assert [sheet["G5"].value, sheet["K5"].value, sheet["K5"].data_type] == ["约1000", "=1+1", "s"]
    assert sheet["G5"].comment is not None
    assert [sheet["A6"].value, sheet["B6"].value] == ["填报行数", "1"]


@pytest.mark.parametrize(
    "cell", ["G5:G7", "G5,G7", "G5、G6", "XFD1048576", "ZZZ99999999", "第三行", "G0", ""]
)
def test_any_reference_is_survived(cell: str) -> None:
    finding = FindingLine("error", "填报表", cell, "", "问题")
    sheet = read(annotated_return(ORIGINAL, "xlsx", (finding,), MADE))["填报表"]
    assert (sheet["G5"].comment is not None) == cell.startswith("G5")


def test_a_folded_finding_marks_only_its_own_cells() -> None:
    finding = FindingLine("error", "填报表", "G5:G8", "", "两处同因", cells=("G5", "G8"))
    sheet = read(annotated_return(ORIGINAL, "xlsx", (finding,), MADE))["填报表"]
    assert [sheet[f"G{row}"].comment is not None for row in range(5, 9)] == [True, False, False, True]


def test_unknown_sheet_is_listed_without_a_link() -> None:
    book = read(annotated_return(ORIGINAL, "xlsx", (FindingLine("error", "Sheet9", "G5", "", "问题"),), MADE))
    assert book[RESULTS]["C5"].value == "Sheet9"
    assert book[RESULTS]["D5"].hyperlink is None


def test_dropped_as_it_is_it_reads_like_the_original(tmp_path: Path) -> None:
    files = {
        "a.xlsx": ORIGINAL,
        "b.xlsx": annotated_return(ORIGINAL, "xlsx", FINDINGS, MADE),
        "c.csv": CSV.encode(),
        "d.xlsx": annotated_return(CSV.encode(), "csv", FINDINGS, MADE),
    }
    landings = []
    (tmp_path / "landing").mkdir()
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        landing = admit(tmp_path / name, "441402", tmp_path / "landing", Limits())
        assert isinstance(landing, Landing)
        landings.append(landing)
    labels = {"I-01": "亿元", "I-02": "家", "I-03": "%", "I-04": "状态"}
    xlsx, marked, csv, rebuilt = read_batch(landings, labels, Limits())
    assert [r.held for r in (xlsx, marked, csv, rebuilt)] == [None] * 4
    assert len(xlsx.rows) == 6
    assert marked.rows == xlsx.rows
    assert (marked.problems, marked.template_version) == ((), "1")
    assert len(csv.rows) == 1
    assert rebuilt.rows == csv.rows
