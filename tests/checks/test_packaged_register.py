"""The packaged plan under the rules: a plausible first upload of every unit passes, an absurd one does not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from batches import row

from checks.findings import Severity
from checks.run import Judgement, judge
from config.plan import Indicator, Measure
from config.register import Config, load_config, packaged
from warehouse import register
from warehouse.checking import SubmissionRow, prepare
from warehouse.intake.reading import Claim, Reading
from warehouse.store import Store

PERIOD = "2019-Q3"
NOW = datetime(2019, 10, 10, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def plausible(indicator: Indicator) -> dict[str, Any]:
    if indicator.measure is Measure.STATE:
        return {"state": "推进中"}
    if indicator.measure is Measure.COUNT:
        return {"value": 2}
    parts = {"numerator": 11, "denominator": 20} if indicator.needs_parts else {}
    return {"value": 55, **parts}


def judged(config: Config, folder: Path, figure: Any) -> Judgement:
    with Store(folder / "warehouse.duckdb") as store, store.transaction():
        register.record_register(store, config, NOW)
        register.open_cycle(store, config, PERIOD, NOW, NOW, NOW)
        submissions, readings = [], []
        for unit in config.units:
            rows = []
            for number, owed in enumerate([o for o in config.obligations() if o.unit == unit.code], 5):
                if owed.item_kind == "indicator":
                    indicator = config.indicator(owed.item)
                    cells = figure(indicator) | {"unit_label": indicator.unit_label}
                    rows.append(row(owed.item, "indicator", number, **cells))
                else:
                    rows.append(row(owed.item, "action", number, state="推进中", remark="按计划推进"))
            code = Claim(unit.code, "填报表", "D2")
            told = {"unit_code": code, "period": Claim(PERIOD, "填报表", "F2"), "plan_hash": config.plan_hash}
            readings.append(Reading(sha256=unit.code, kind="xlsx", rows=rows, **told))
            submissions.append(SubmissionRow(unit.code, unit.code, PERIOD, NOW, code_unit=unit.code))
        rows_frame, files = prepare(store, submissions, readings, period=PERIOD)
        return judge(rows_frame, files, config)


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config([packaged()])


def test_plausible_first_uploads_pass(config: Config, tmp_path: Path) -> None:
    found = judged(config, tmp_path, plausible)
    assert not found.not_checked, found.errors
    with_rows = {o.unit for o in config.obligations()}
    # A unit that owes nothing has an empty sheet: that is said, and nothing else.
    assert [f for f in found.findings if f.rule != "file_empty"] == []
    assert found.refused() == {u.code for u in config.units} - with_rows


def test_absurd_uploads_do_not(config: Config, tmp_path: Path) -> None:
    def absurd(indicator: Indicator) -> dict[str, Any]:
        return {"value": -1e9, "numerator": 2, "denominator": 1}

    found = judged(config, tmp_path, absurd)
    items = {(f.unit, i) for f in found.findings if f.severity is Severity.ERROR for i in f.items}
    assert {(o.unit, o.item) for o in config.obligations() if o.item_kind == "indicator"} <= items
