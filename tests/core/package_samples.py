"""Workbooks as clerks' programs write them, patched part by part, and what Excel demands of a package."""

from __future__ import annotations

import posixpath
import re
import struct
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from lxml import etree
from xlsxwriter import Workbook

LINKS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# Of CT_Worksheet, in the schema's order.
CHILDREN = (
    "sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr", "sheetProtection",
    "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate", "customSheetViews",
    "mergeCells", "phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions",
    "pageMargins", "pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches",
    "ignoredErrors", "smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "picture", "oleObjects",
    "controls", "webPublishItems", "tableParts", "extLst",
)  # fmt: skip
KINDS = {
    "worksheet", "styles", "sharedStrings", "theme", "comments", "vmlDrawing", "drawing", "image", "chart",
    "table", "officeDocument", "core-properties",
}  # fmt: skip


def parts(data: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: Mapping[str, bytes]) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def patched(data: bytes, changes: Mapping[str, bytes | Callable[[bytes], bytes]]) -> bytes:
    members = parts(data)
    for name, change in changes.items():
        members[name] = change if isinstance(change, bytes) else change(members[name])
    return packed(members)


def sheet_of_cells(rows: str, before: str = "", after: str = "") -> bytes:
    """A book of one sheet, 填报表, with ``rows`` as its sheetData."""
    buffer = BytesIO()
    with Workbook(buffer, {"in_memory": True}) as book:
        book.add_worksheet("填报表").write_string(0, 0, "一")
        book.add_format({"num_format": "0.00%", "locked": False, "border": 1, "bold": True})
        book.worksheets()[0].write_blank(9, 0, None, book.formats[-1])

    def change(sheet: bytes) -> bytes:
        head, rest = sheet.decode().split("<sheetData>")
        tail = rest.split("</sheetData>")[1]
        head, tail = head.replace("<sheetFormatPr", before + "<sheetFormatPr", 1), after + tail
        return f"{head}<sheetData>{rows}</sheetData>{tail}".encode()

    return patched(buffer.getvalue(), {"xl/worksheets/sheet1.xml": change})


def png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")


def rich() -> bytes:
    """Two sheets of a clerk who uses the program well: pictures, charts, tables, lists, names, comments."""
    buffer = BytesIO()
    with Workbook(buffer, {"in_memory": True}) as book:
        book.set_properties({"title": "季报", "author": "张三"})
        sheet, lists = book.add_worksheet("填报表"), book.add_worksheet("清单 一")
        open_cells = book.add_format({"locked": False, "num_format": "0.00", "border": 1})
        sheet.set_column(0, 0, 33, open_cells)
        sheet.set_row(2, 45)
        sheet.write_row(0, 0, ("项目", "数值"))
        sheet.write_column(1, 1, (1, 2, 3))
        sheet.write_formula(4, 1, "=SUM(B2:B4)", None, 6)
        sheet.merge_range("D1:E2", "合并")
        sheet.conditional_format("B2:B5", {"type": "data_bar", "data_bar_2010": True})
        sheet.conditional_format("B2:B5", {"type": "formula", "criteria": "=$B2>2", "format": book.add_format({"bold": True})})  # fmt: skip
        sheet.data_validation("A2:A5", {"validate": "list", "source": ["是", "否"]})
        sheet.data_validation("B2:B5", {"validate": "list", "source": "='清单 一'!$A$1:$A$3"})
        sheet.write_comment("B3", "我的备注", {"author": "张三"})
        sheet.write_url("A9", "https://example.cn/x", string="网址")
        sheet.write_url("A10", "internal:'清单 一'!A1")
        sheet.insert_image("G2", "x.png", {"image_data": BytesIO(png()), "url": "https://example.cn/"})
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=填报表!$B$2:$B$4", "categories": "='清单 一'!$A$1:$A$3"})
        sheet.insert_chart("G9", chart)
        sheet.insert_textbox("G20", "文字")
        sheet.repeat_rows(0)
        sheet.print_area("A1:B9")
        sheet.autofilter("A1:B4")
        sheet.set_header("&C季报")
        lists.write_column(0, 0, ("甲", "乙", "丙"))
        lists.add_table("C1:D4", {"columns": [{"header": "名"}, {"header": "值", "formula": "=1+1"}], "name": "表1"})  # fmt: skip
        lists.print_area("A1:A3")
        lists.hide()
        book.define_name("清单", "='清单 一'!$A$1:$A$3")
        book.define_name("'清单 一'!本表", "='清单 一'!$A$1")
    return buffer.getvalue()


def assert_sound(data: bytes) -> None:
    """What Excel would otherwise repair, and that nothing is inside that nobody walked to."""
    members = parts(data)
    types = etree.fromstring(members["[Content_Types].xml"])
    told = {t.get("PartName", "")[1:] for t in types} | {"[Content_Types].xml"}
    endings = {t.get("Extension") for t in types if t.get("Extension")}
    reached = {"[Content_Types].xml", *(name for name in members if name.endswith(".rels"))}
    for name, content in members.items():
        assert name in told or name.rpartition(".")[2] in endings - {"xml"}, name
        if not name.endswith((".xml", ".vml", ".rels")):
            continue
        root = etree.fromstring(content)
        assert b"<!" not in content.replace(b"<![CDATA[", b"")
        used = {value for e in root.iter() for key, value in e.attrib.items() if key.startswith(LINKS)}
        folder, _, own = name.rpartition("/")
        links = members.get(posixpath.join(folder, "_rels", f"{own}.rels"))
        known = {}
        for link in etree.fromstring(links) if links else ():
            assert "TargetMode" not in link.attrib
            assert link.get("Type").rpartition("/")[2] in KINDS
            known[link.get("Id")] = posixpath.normpath(posixpath.join(folder, link.get("Target")))
        assert used <= set(known), (name, used, known)
        assert set(known.values()) <= set(members)
        reached |= set(known.values())
    for link in etree.fromstring(members["_rels/.rels"]):
        reached.add(link.get("Target"))
    assert reached == set(members)
    formats = etree.fromstring(members["xl/styles.xml"])
    counts = {s.tag.rpartition("}")[2]: len(s) for s in formats}
    for xf in formats.find("{*}cellXfs"):
        assert int(xf.get("fillId", 0)) < counts["fills"]
        assert int(xf.get("fontId", 0)) < counts["fonts"]
    for section in formats:
        assert section.get("count") in (None, str(len(section)))
    for name, content in members.items():
        if name.startswith("xl/worksheets/sheet"):
            assert_sheet(etree.fromstring(content), counts["cellXfs"])
        elif name.startswith("xl/comments"):
            references = [c.get("ref") for c in etree.fromstring(content).iter("{*}comment")]
            assert len(references) == len(set(references))
            boxes = members[f"xl/drawings/vmlDrawing{re.sub('[^0-9]', '', name)}.vml"]
            assert boxes.count(b"<v:shape ") == len(references)
    front = etree.fromstring(members["xl/workbook.xml"])
    sheets = [sheet.get("name") for sheet in front.iter("{*}sheet")]
    assert len({name.lower() for name in sheets}) == len(sheets)
    assert all(int(name.get("localSheetId", 0)) < len(sheets) for name in front.iter("{*}definedName"))


def assert_sheet(root: etree._Element, formats: int) -> None:
    names = [child.tag.rpartition("}")[2] for child in root]
    assert [n for n in names if n not in CHILDREN] == []
    assert sorted(names, key=CHILDREN.index) == names
    assert [n for n in set(names) if names.count(n) > 1 and n != "conditionalFormatting"] == []
    last = (0, 0)
    for row in root.find("{*}sheetData"):
        assert row.tag.endswith("}row")
        for cell in row:
            found = re.fullmatch("([A-Z]{1,3})([0-9]+)", cell.get("r"))
            assert found is not None
            assert found[2] == row.get("r")
            place = (int(found[2]), sum((ord(c) - 64) * 26**i for i, c in enumerate(reversed(found[1]))))
            assert place > last
            last = place
            assert int(cell.get("s", 0)) < formats
            assert {child.tag.rpartition("}")[2] for child in cell} <= {"v", "is"}
            assert {"cm", "vm"}.isdisjoint(cell.attrib)
