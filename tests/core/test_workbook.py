"""The upload workbook, read back cell by cell against the promised layout."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from openpyxl import Workbook, load_workbook

from templates.workbook import (
    PROGRESS_HEADER,
    FigureRow,
    Filled,
    ProgressRow,
    WorkbookSpec,
    figure_header,
    upload_workbook,
)

SPEC = WorkbookSpec(
    plan_id="meizhou-internet-plus", plan_name="“互联网+”行动计划", plan_hash="f" * 64,
    unit="441402", unit_name="梅江区",
    period="2019-Q3", due_at=datetime(2019, 10, 18, 10, tzinfo=UTC), contact="市经信局 张三 0753-0000000",
    figures=(
        FigureRow("I-01", "电子商务交易额", "亿元", "全市口径", "超过1000亿元", "amount", previous=760.5),
        FigureRow("I-02", "试点企业", "家", "累计", "10家", "count"),
        FigureRow("I-03", "网络覆盖率", "%", "分子比分母", "达73%", "percent", needs_parts=True),
        FigureRow("I-04", "信用体系", "状态", "里程碑", "基本健全", "state", previous="推进中"),
    ),
    progress=(ProgressRow("A-0101", "加快工业互联网建设", "lead"),
              ProgressRow("S-01", "加强组织领导", "contributing")),
)  # fmt: skip
FILLED = {
    "I-01": Filled(812.5, remark="=cmd|' /C calc'!A0"),
    "I-02": Filled(nil="是"),
    "I-03": Filled(0.73, 73, 100, percent_cell=True),
    "I-04": Filled("推进中"),
    "A-0101": Filled("已完成", remark="建成", evidence="@SUM(1)"),
}


def read(data: bytes) -> Workbook:
    return load_workbook(BytesIO(data))


def test_layout_cell_by_cell() -> None:
    book = read(upload_workbook(SPEC))
    assert book.sheetnames == ["填报表", "工作进展", "填报说明", "_meta"]
    sheet = book["填报表"]
    assert "2019年第三季度" in sheet["A1"].value
    assert [c.value for c in sheet[2][:6]] == [
        "填报单位",
        "梅江区",
        "单位编码",
        "441402",
        "报告期",
        "2019-Q3",
    ]
    assert tuple(c.value for c in sheet[4]) == figure_header(2020)
    assert [c.value for c in sheet[5]] == [
        "I-01",
        "电子商务交易额",
        "亿元",
        "全市口径",
        "超过1000亿元",
        760.5,
    ] + [None] * 5
    assert sheet["F8"].value == "推进中"
    assert [sheet["A9"].value, sheet["B9"].value, sheet.max_row] == ["填报行数", 4, 9]
    progress = book["工作进展"]
    assert [c.value for c in progress[2][:6]] == [
        "填报单位",
        "梅江区",
        "单位编码",
        "441402",
        "报告期",
        "2019-Q3",
    ]
    assert tuple(c.value for c in progress[4]) == PROGRESS_HEADER
    assert [c.value for c in progress[5][:3]] == ["A-0101", "加快工业互联网建设", "牵头"]
    assert [c.value for c in progress[6][:3]] == ["S-01", "加强组织领导", "配合"]
    assert "2019年10月18日 18:00" in book["填报说明"]["B3"].value
    meta = book["_meta"]
    assert meta.sheet_state == "veryHidden"
    assert {r[0].value: r[1].value for r in meta.iter_rows()} == {
        "template_version": "1", "plan_id": SPEC.plan_id, "unit": "441402", "period": "2019-Q3",
        "plan_hash": "f" * 64,
    }  # fmt: skip


def test_only_entry_cells_are_unlocked() -> None:
    book = read(upload_workbook(SPEC, FILLED))
    for name, letters, rows in (("填报表", "GHIJK", range(5, 9)), ("工作进展", "DEF", range(5, 7))):
        sheet = book[name]
        assert sheet.protection.sheet
        assert not sheet.protection.password
        unlocked = {c.coordinate for row in sheet.iter_rows() for c in row if not c.protection.locked}
        assert unlocked == {f"{letter}{row}" for letter in letters for row in rows}
        assert sheet.freeze_panes == "C5"
    sheet = book["填报表"]  # parts nobody asks for stay open, without the colour of an entry
    assert sheet["H7"].fill.fgColor.rgb == "FFFFFBE6"
    assert sheet["H5"].fill.fill_type is None


def test_drop_downs_and_messages() -> None:
    book = read(upload_workbook(SPEC))
    figures = {str(v.sqref): v for v in book["填报表"].data_validations.dataValidation}
    assert figures["J5"].formula1 == '"是,否"'
    assert figures["G8"].formula1 == '"未启动,推进中,已完成"'
    assert figures["G5"].type is None
    assert "亿元" in figures["G5"].prompt
    assert "分子、分母须同时填写" in figures["G7"].prompt
    progress = {str(v.sqref) for v in book["工作进展"].data_validations.dataValidation}
    assert progress == {"D5", "D6"}


def test_filled_as_a_clerk_would() -> None:
    sheet = read(upload_workbook(SPEC, FILLED))["填报表"]
    assert sheet["G5"].value == 812.5
    assert sheet["K5"].data_type == "s"
    assert sheet["K5"].value == "=cmd|' /C calc'!A0"
    assert sheet["J6"].value == "是"
    assert [sheet["G7"].value, sheet["G7"].number_format, sheet["I7"].value] == [0.73, "0.00%", 100]
    assert sheet["G8"].value == "推进中"
    progress = read(upload_workbook(SPEC, FILLED))["工作进展"]
    assert [c.value for c in progress[5][3:]] == ["已完成", "建成", "@SUM(1)"]
    assert not any(c.data_type == "f" for s in (sheet, progress) for row in s.iter_rows() for c in row)


def test_same_input_same_bytes() -> None:
    assert upload_workbook(SPEC, FILLED) == upload_workbook(SPEC, FILLED)


def test_unit_without_indicators_still_gets_both_sheets() -> None:
    book = read(upload_workbook(replace(SPEC, figures=(), progress=())))
    assert [book["填报表"]["A5"].value, book["填报表"]["B5"].value] == ["填报行数", 0]
    assert book["工作进展"].max_row == 4


@pytest.mark.parametrize("text", ["=1+1", "http://x.cn", "1,234", "\u202eabc\x00", "很长" * 500])
def test_text_of_the_register_is_inert(text: str) -> None:
    row = replace(SPEC.figures[0], name=text, definition=text, target=text, unit_label=text)
    sheet = read(upload_workbook(replace(SPEC, figures=(row,), unit_name=text)))["填报表"]
    for cell in (sheet["B5"], sheet["C5"], sheet["D5"], sheet["B2"]):
        assert cell.data_type == "s"
        assert cell.hyperlink is None
        assert "\u202e" not in cell.value
