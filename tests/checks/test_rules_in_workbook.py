"""The workbook's 填报说明 tells every rule in the words of rules.yml."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

from openpyxl import load_workbook

from checks.rules_page import rules_rows
from templates.workbook import FigureRow, WorkbookSpec, upload_workbook

SPEC = WorkbookSpec(
    plan_id="p", plan_name="方案", plan_hash="f" * 64, unit="SWJ", unit_name="市商务局", period="2019-Q3",
    due_at=datetime(2019, 10, 18, 10, tzinfo=UTC), contact="张三",
    figures=(FigureRow("I-01", "交易额", "亿元", "口径", "超过1000亿元", "amount"),), progress=(),
    rules=tuple(rules_rows()),
)  # fmt: skip


def test_guide_lists_every_rule_and_the_sheet_stays_locked() -> None:
    guide = load_workbook(BytesIO(upload_workbook(SPEC)))["填报说明"]
    told = [tuple(c.value for c in row) for row in guide.iter_rows(max_col=4)]
    head = told.index(("序号", "要求", "级别", "不符合的后果"))
    assert [row[1:] for row in told[head + 1 :]] == rules_rows()
    assert [row[0] for row in told[head + 1 :]] == list(range(1, len(rules_rows()) + 1))
    assert guide.protection.sheet


def test_a_workbook_without_rules_has_no_such_part() -> None:
    guide = load_workbook(BytesIO(upload_workbook(replace(SPEC, rules=()))))["填报说明"]
    assert all(row[0].value != "收到后按下列规则校验" for row in guide.iter_rows())
