"""The same sheet in xlsx, xls, et and ods reads alike: shares, error values, formulas, words, blanks."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import xlsxwriter
from office_suite import needs_office, saved_as

from templates.workbook import TEMPLATE_VERSION
from warehouse.intake import Limits, read_batch, versions
from warehouse.intake.reading import Landing, Reading
from warehouse.intake.words import FIGURE_HEADER, PROGRESS_HEADER

LABELS = {f"I-{n:02d}": "%" if n < 5 else "亿元" for n in range(1, 13)}


def sheet() -> bytes:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    share = made.add_format({"num_format": "0.00%"})
    odd = made.add_format({"num_format": '0.0"成"'})
    page = made.add_worksheet("填报表")
    page.write_row(1, 0, ["填报单位", "市商务局", "单位编码", "SWJ", "报告期", "2019-Q3"])
    page.write_row(3, 0, FIGURE_HEADER)
    for n, (item, label) in enumerate(LABELS.items(), 4):
        page.write_row(n, 0, [item, "名称", label, "口径", "目标", ""])
    page.write_number(4, 6, 0.73, share)
    page.write_number(5, 6, 73)
    page.write_string(6, 6, "73%")
    page.write_formula(7, 6, "=73/100", share, 0.73)
    page.write_formula(8, 6, "=1/0", None, "#DIV/0!")
    page.write_formula(9, 6, "=NA()", None, "#N/A")
    page.write_formula(10, 6, "=1000+234.5", None, 1234.5)
    page.write_string(11, 6, "1,234.5")
    page.write_string(12, 6, "约1000")
    page.write_number(14, 6, 12.5, odd)
    page.write_string(15, 9, "是")
    page.write_row(16, 0, ["填报行数", len(LABELS)])
    progress = made.add_worksheet("工作进展")
    progress.write_row(3, 0, PROGRESS_HEADER)
    progress.write_row(4, 0, ["A-0101", "措施", "牵头", "推进中", "按计划推进", ""])
    meta = made.add_worksheet("_meta")
    meta.write_column(0, 0, ["template_version", "plan_id"])
    meta.write_column(0, 1, ["1", "p"])
    meta.very_hidden()
    made.close()
    return out.getvalue()


EXPECTED = [
    ("number", 73), ("number", 73), ("number", 73), ("number", 73), ("error", None), ("error", None),
    ("number", 1234.5), ("number", 1234.5), ("ambiguous", None), ("blank", None), ("number", 12.5),
    ("blank", None), ("state", None),
]  # fmt: skip


def read(body: bytes, name: str, folder: Path) -> Reading:
    path = folder / name
    path.write_bytes(body)
    return read_batch([Landing(path, "0" * 64, "SWJ", name, len(body), 0.0)], LABELS, Limits())[0]


def told(reading: Reading) -> list[tuple[str, float | None]]:
    return [(row[10], row[9]) for row in reading.rows]


def test_xlsx(tmp_path: Path) -> None:
    reading = read(sheet(), "a.xlsx", tmp_path)
    assert told(reading) == EXPECTED and reading.problems == ()


@needs_office
@pytest.mark.parametrize("suffix", ["xlsx", "xls", "ods", "et"])
def test_saved_by_another_program(tmp_path: Path, suffix: str) -> None:
    saved = saved_as(sheet(), "xlsx", "xls" if suffix == "et" else suffix, tmp_path)
    reading = read(saved, f"a.{suffix}", tmp_path)
    assert reading.held is None and reading.kind == suffix
    assert told(reading) == EXPECTED
    assert reading.problems == () and reading.template_version == "1"
    assert [row[11] for row in reading.rows[:3]] == ["G5", "G6", "G7"]
    assert reading.rows[11][22] is True, "零报告"


@needs_office
def test_formulas_never_calculated_are_told_in_every_format(tmp_path: Path) -> None:
    """A formula whose result is empty text is a formula without a value wherever it was saved."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    page = made.add_worksheet("填报表")
    page.write_row(3, 0, FIGURE_HEADER)
    page.write_row(4, 0, ["I-05", "名称", "亿元", "口径", "目标", ""])
    page.write_formula(4, 6, '=""', None, "")
    page.write_row(5, 0, ["填报行数", 1])
    made.close()
    for suffix in ("xlsx", "xls", "ods"):
        reading = read(saved_as(out.getvalue(), "xlsx", suffix, tmp_path), f"f.{suffix}", tmp_path)
        assert told(reading) == [("formula", None)], suffix


def test_a_damaged_compound_file_is_held(tmp_path: Path) -> None:
    body = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "Workbook".encode("utf-16-le") + bytes(900)
    assert read(body, "a.xls", tmp_path).held is not None


def test_intake_and_templates_agree_on_the_current_version() -> None:
    assert versions.CURRENT == TEMPLATE_VERSION and TEMPLATE_VERSION not in versions.EARLIER
