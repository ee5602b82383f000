"""What decisions change elsewhere: who owes, who was in time, and what becomes of a file for a closed quarter."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from lxml import html
from test_deciding import AFTER, COLLECTED, OPENED, PERIOD, UNIT, UNTIL, mails, report_in, sql, text

from flows import sample, steps
from flows.office import Office, open_office
from flows.steps import deciding
from flows.steps.deciding import DecisionRefused
from flows.steps.opening import workbook_specs
from flows.steps.rechecking import recheck
from templates.workbook import Filled


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("opened") / "home"
    steps.open_cycle(open_office(home, trigger="test"), PERIOD, OPENED)
    return home


@pytest.fixture
def office(opened: Path, tmp_path: Path) -> Office:
    shutil.copytree(opened, tmp_path / "home")
    return open_office(tmp_path / "home", trigger="test")


def rate(office: Office) -> tuple[int, int, int]:
    query = "SELECT expected, accepted, timely FROM mart.reporting_rate WHERE unit = ? AND period = ?"
    [row] = sql(office, query, UNIT, PERIOD)
    return tuple(row)  # type: ignore[return-value]


def owed(office: Office) -> int:
    [unit] = [u for u in steps.status(office, PERIOD, AFTER)["units"] if u["unit"] == UNIT]
    return len(unit["owed"])


def owes(office: Office, unit: str) -> bool:
    return any(o.unit == unit and o.is_owed for o in office.config.obligations())


def put(office: Office, unit: str, name: str, body: bytes) -> None:
    path = office.home.inbox / unit / name
    path.write_bytes(body)
    os.utime(path, (time.time() - 60,) * 2)


def drop(office: Office, unit: str, figures: Mapping[str, Filled]) -> None:
    spec = workbook_specs(office, PERIOD, COLLECTED, {}, COLLECTED)[unit]
    put(office, unit, f"{unit}_again.xlsx", sample.workbook(spec, figures))


def test_a_returned_unit_owes_again_until_it_reports_again(office: Office) -> None:
    before = owed(office)
    receipt = report_in(office)
    counted = rate(office)
    assert owed(office) == 0 and counted[1] == counted[2] == before
    deciding.return_submission(office, receipt, "李统筹", "wrong_figure", "有误", COLLECTED)
    assert owed(office) == before and rate(office)[1:] == (0, 0)


def test_a_recheck_takes_no_return_back(office: Office) -> None:
    before = owed(office)
    receipt = report_in(office)
    deciding.return_submission(office, receipt, "李统筹", "wrong_figure", "有误", COLLECTED)
    found = recheck(office, PERIOD, COLLECTED + timedelta(hours=1), send=False)
    assert (found.files, found.changed, found.revisions) == (0, [], 0)
    assert owed(office) == before and rate(office)[1:] == (0, 0)


def test_reminders_name_the_coordinators_reason_until_the_unit_reports_again(office: Office) -> None:
    def reminded(at: datetime) -> str:
        steps.remind(office, at, send=False)
        [last] = [m for m in mails(office, "reminder") if m["unit"] == UNIT and m["queued_at"] == at]
        return text(office, last)

    assert "统筹部门退回" not in reminded(OPENED + timedelta(days=4))
    receipt = report_in(office)
    deciding.return_submission(office, receipt, "李统筹", "wrong_figure", "与统计局口径不一致", COLLECTED)
    [told] = [m for m in mails(office, "return") if m["unit"] == UNIT]
    assert "附件" not in text(office, told), "nothing was attached that could be corrected"
    said = reminded(COLLECTED + timedelta(days=1))
    assert "由统筹部门退回" in said and "退回原因：数据有误：与统计局口径不一致" in said
    drop(office, UNIT, dict(list(sample.figures(office.config, UNIT, PERIOD).items())[:1]))
    steps.collect(office, COLLECTED + timedelta(days=1, hours=4), send=False)
    said = reminded(COLLECTED + timedelta(days=2))
    assert "统筹部门退回" not in said, "another file is the unit's last word"


def test_an_extended_unit_is_in_time_until_its_own_deadline(office: Office) -> None:
    deciding.extend(office, PERIOD, UNIT, UNTIL, "李统筹", "系统故障", COLLECTED)
    report_in(office, at=UNTIL - timedelta(hours=1))
    expected, accepted, timely = rate(office)
    assert expected == accepted == timely
    [(in_time,)] = sql(office, "SELECT timely FROM mart.submission WHERE unit = ?", UNIT)
    assert in_time


def receipt_text(office: Office) -> str:
    return text(office, max(mails(office, "receipt"), key=lambda m: m["queued_at"]))


def test_the_receipt_speaks_of_the_units_own_deadline(office: Office) -> None:
    deciding.extend(office, PERIOD, UNIT, UNTIL, "李统筹", "系统故障", COLLECTED)
    [notice] = [m for m in mails(office, "alert") if m["unit"] == UNIT]
    assert notice["subject"].startswith("【通知】") and "发现时间" not in text(office, notice)
    report_in(office, at=UNTIL - timedelta(hours=1))
    assert "自收到时起计入，按时。" in receipt_text(office)


def test_a_return_names_the_units_own_deadline(office: Office) -> None:
    deciding.extend(office, PERIOD, UNIT, UNTIL, "李统筹", "系统故障", COLLECTED)
    drop(office, UNIT, {})
    steps.collect(office, AFTER, send=False)
    [returned] = mails(office, "return")
    assert "请于2019年10月30日 18:00前改正后再次投递" in text(office, returned)


def test_a_return_after_the_deadline_asks_for_no_time_that_has_passed(office: Office) -> None:
    receipt = report_in(office)
    deciding.return_submission(office, receipt, "李统筹", "wrong_figure", "有误", AFTER)
    drop(office, UNIT, {})
    steps.collect(office, AFTER, send=False)
    told = [text(office, mail) for mail in mails(office, "return")]
    assert len(told) == 2
    for letter in told:
        said = letter.splitlines()[0]
        assert (
            said.endswith("截止时间2019年10月18日 18:00已过，请尽快改正后再次投递。") and "请于" not in letter
        )


def test_nobody_is_published_as_late_before_their_own_deadline(office: Office) -> None:
    deciding.extend(office, PERIOD, UNIT, UNTIL, "李统筹", "系统故障", COLLECTED)
    others = [u for u in office.config.units if owes(office, u.code) and u.code != UNIT]

    def late(at: datetime) -> str:
        shown = html.fromstring(steps.report(office, PERIOD, at).summary.read_bytes()).text_content()
        return str(shown.split("未按时报齐的单位")[-1].split("。")[0]) if "未按时报齐的单位" in shown else ""

    assert late(COLLECTED) == ""
    before = late(AFTER)
    assert office.config.unit(UNIT).name not in before and f"{len(others)}个" in before
    page = html.fromstring((office.home.site / "units" / f"{UNIT}_{PERIOD}.html").read_bytes()).text_content()
    assert "报送截止2019年10月30日 18:00" in page and "已逾期" not in page
    assert office.config.unit(UNIT).name in late(UNTIL + timedelta(minutes=1))


def test_a_late_correction_is_not_called_late(office: Office) -> None:
    report_in(office)
    figures = sample.figures(office.config, UNIT, PERIOD)
    drop(office, UNIT, sample.with_factor(figures, "I-01", 1.02))
    steps.collect(office, AFTER, send=False)
    told = receipt_text(office)
    assert "1项数据自收到时起计入。" in told and "逾期" not in told
    expected, _, timely = rate(office)
    assert timely == expected


def test_voluntary_figures_are_never_late(office: Office) -> None:
    [unit, *_] = [u.code for u in office.config.units if not owes(office, u.code)]
    report_in(office, unit, at=AFTER)
    assert "逾期" not in receipt_text(office)


def test_the_same_figures_again_are_not_counted_as_zero(office: Office) -> None:
    report_in(office)
    again = workbook_specs(office, PERIOD, AFTER, {}, AFTER)[UNIT]
    body = sample.as_csv(sample.workbook(again, sample.figures(office.config, UNIT, PERIOD)))
    put(office, UNIT, "表.csv", body)
    steps.collect(office, COLLECTED + timedelta(hours=1), send=False)
    told = receipt_text(office)
    assert "没有新计入的数据" in told and "0项" not in told


def test_a_file_for_a_closed_quarter_waits_for_a_decision(office: Office) -> None:
    deciding.close(office, PERIOD, "李统筹", "本季结束", AFTER)
    receipt = report_in(office, at=AFTER)
    assert sql(office, "SELECT receipt_no, status, revision_count FROM mart.submission") == [
        (receipt, "received", 0)
    ]
    assert rate(office)[1] == 0
    [told] = mails(office, "receipt")
    assert told["unit"] == UNIT and told["subject"].startswith("【通知】")
    assert any("关闭后报来" in m["subject"] for m in mails(office, "alert"))
    deciding.reopen(office, PERIOD, "李统筹", "采用补报", AFTER)
    recheck(office, PERIOD, AFTER + timedelta(hours=1), send=False)
    [(status,)] = sql(office, "SELECT status FROM mart.submission")
    assert status.startswith("accepted") and rate(office)[1] > 0
    answer = receipt_text(office)
    assert f"{rate(office)[1]}项数据自收到时起计入，计为逾期" in answer and "电子商务交易额：" in answer


def test_the_report_of_a_closed_quarter_is_refused_and_stays_byte_identical(office: Office) -> None:
    report_in(office)
    page = steps.report(office, PERIOD, COLLECTED).summary
    before = page.read_bytes()
    deciding.close(office, PERIOD, "李统筹", "本季结束", AFTER)
    with pytest.raises(DecisionRefused, match="已关闭"):
        steps.report(office, PERIOD, AFTER)
    with pytest.raises(DecisionRefused, match="已关闭"):
        steps.run_cycle(office, PERIOD, AFTER)
    assert page.read_bytes() == before
