"""Why the coordinator sent files back is counted in the report, as far as it was known at the report's moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from drop_folder import COLLECTED, PERIOD, open_desk

from config.calendar import SHANGHAI
from flows import steps
from flows.steps import deciding

AFTER = datetime(2019, 10, 25, 9, 0, tzinfo=SHANGHAI)


def test_reasons_of_returns_are_counted(tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "home")
    for unit in ("SWJ", "JXJ", "FGJ"):
        desk.drop(unit, "表.xlsx", desk.book(unit))
    desk.collect()
    receipts = dict(desk.sql("SELECT unit, receipt_no FROM main.submission"))
    later = COLLECTED + timedelta(days=1)
    for unit, code in (("SWJ", "no_evidence"), ("JXJ", "no_evidence"), ("FGJ", "wrong_scope")):
        deciding.return_submission(desk.office, receipts[unit], "李统筹", code, "请补充说明", later)
    page = desk.office.home.reports(PERIOD) / "summary.html"
    steps.report(desk.office, PERIOD, AFTER)
    text = page.read_text("utf-8")
    assert "统筹退回" in text
    assert '<tr><th scope="row">缺少佐证</th><td class="n">2</td><td class="n">2</td></tr>' in text
    assert '<tr><th scope="row">口径不符</th><td class="n">1</td><td class="n">1</td></tr>' in text
    steps.report(desk.office, PERIOD, COLLECTED + timedelta(hours=1))
    assert "统筹退回" not in page.read_text("utf-8")
