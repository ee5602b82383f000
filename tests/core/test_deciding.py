"""Decisions on a real home: extension, return, close and reopen, with their rows, mails and refusals."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.calendar import SHANGHAI
from flows import sample, steps
from flows.office import Office, open_office
from flows.steps import deciding
from flows.steps.deciding import DecisionRefused
from flows.steps.opening import workbook_specs
from warehouse import deciding as kept
from warehouse import ledger, restating
from warehouse.store import Reader

PERIOD, UNIT = "2019-Q3", "SWJ"
OPENED = datetime(2019, 10, 8, 9, tzinfo=SHANGHAI)
COLLECTED = datetime(2019, 10, 16, 10, tzinfo=SHANGHAI)
AFTER = datetime(2019, 10, 28, 10, tzinfo=SHANGHAI)
UNTIL = datetime(2019, 10, 30, 18, tzinfo=SHANGHAI)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("opened") / "home"
    steps.open_cycle(open_office(home, trigger="test"), PERIOD, OPENED)
    return home


@pytest.fixture
def office(opened: Path, tmp_path: Path) -> Office:
    shutil.copytree(opened, tmp_path / "home")
    return open_office(tmp_path / "home", trigger="test")


def report_in(office: Office, unit: str = UNIT, at: datetime = COLLECTED) -> str:
    """Drops and collects a unit's workbook; its receipt number."""
    spec = workbook_specs(office, PERIOD, COLLECTED, {}, COLLECTED)[unit]
    path = office.home.inbox / unit / f"{unit}.xlsx"
    path.write_bytes(sample.workbook(spec, sample.figures(office.config, unit, PERIOD)))
    os.utime(path, (time.time() - 60,) * 2)
    [line] = steps.collect(office, at, send=False).lines
    return str(line["receipt_no"])


def sql(office: Office, text: str, *params: Any) -> list[tuple[Any, ...]]:
    with Reader(office.home.snapshot) as reader:
        return reader.con.execute(text, list(params)).fetchall()


def decisions(office: Office) -> list[kept.Decision]:
    with Reader(office.home.snapshot) as reader:
        return kept.decisions(reader)


def mails(office: Office, kind: str) -> list[dict[str, Any]]:
    with office.store() as store:
        return [m for m in ledger.list_mails(store, PERIOD) if m["kind"] == kind]


def text(office: Office, mail: dict[str, Any]) -> str:
    import email
    import email.policy

    with office.store() as store:
        eml = ledger.show(store, mail["mail_id"]).mail["eml"]
    body = email.message_from_bytes(eml, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_an_extension_moves_the_deadline_of_one_unit(office: Office) -> None:
    deciding.extend(office, PERIOD, "市商务局", UNTIL, "李统筹", "单位系统故障", COLLECTED)
    rows = sql(office, "SELECT unit, due_at, is_extended FROM mart.deadline WHERE period = ?", PERIOD)
    moved = {u: d for u, d, extended in rows if extended}
    assert {u: d.astimezone(SHANGHAI) for u, d in moved.items()} == {UNIT: UNTIL}
    assert len({d for u, d, _ in rows if u != UNIT}) == 1
    [decision] = decisions(office)
    assert (decision.kind, decision.unit, decision.actor) == (kept.Kind.EXTEND, UNIT, "李统筹")
    assert decision.reason == "单位系统故障" and decision.payload["until"] == UNTIL.isoformat()
    [told] = [m for m in mails(office, "alert") if m["unit"] == UNIT]
    assert "2019-10-30 18:00" in told["subject"]


def test_the_last_extension_counts(office: Office) -> None:
    for days in (0, 2):
        deciding.extend(office, PERIOD, UNIT, UNTIL + timedelta(days=days), "李统筹", "系统故障", COLLECTED)
    with Reader(office.home.snapshot) as reader:
        assert kept.extended_deadlines(reader, PERIOD)[UNIT] == UNTIL + timedelta(days=2)
    assert len(decisions(office)) == 2


def test_reminders_follow_each_units_own_deadline(office: Office) -> None:
    deciding.extend(office, PERIOD, UNIT, UNTIL, "李统筹", "系统故障", COLLECTED)
    common = office.config.calendar.due_at(PERIOD, office.config.settings.deadline)

    def reminded(at: datetime) -> set[str | None]:
        before = {m["mail_id"] for m in mails(office, "reminder")}
        steps.remind(office, at, send=False)
        return {m["unit"] for m in mails(office, "reminder") if m["mail_id"] not in before}

    on_common_day = reminded(common.replace(hour=9))
    assert on_common_day and UNIT not in on_common_day
    assert reminded(UNTIL.replace(hour=9)) >= {UNIT}
    assert UNIT not in reminded(UNTIL.replace(hour=10))


def test_a_closed_quarter_is_not_reminded_of(office: Office) -> None:
    common = office.config.calendar.due_at(PERIOD, office.config.settings.deadline)
    deciding.close(office, PERIOD, "李统筹", "本季结束", common + timedelta(minutes=1))
    assert steps.remind(office, common + timedelta(days=1), send=False).queued == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": "市不存在局"}, "没有这个填报单位"),
        ({"until": COLLECTED - timedelta(days=1)}, "已过"),
        ({"until": COLLECTED + timedelta(hours=1)}, "须晚于"),
        ({"period": "2019-Q2"}, "还没有开启"),
        ({"reason": "  "}, "请写明理由"),
        ({"actor": ""}, "请写明经办人"),
    ],
)
def test_an_extension_that_makes_no_sense_is_refused(
    office: Office, change: dict[str, Any], said: str
) -> None:
    asked: dict[str, Any] = {
        "period": PERIOD, "unit": UNIT, "until": UNTIL, "actor": "李统筹", "reason": "系统故障", "as_of": COLLECTED,
    }  # fmt: skip
    with pytest.raises(DecisionRefused, match=said):
        deciding.extend(office, **asked | change)
    assert decisions(office) == []


def test_a_returned_submission_stands_no_longer_and_loses_nothing(office: Office) -> None:
    receipt = report_in(office)
    before = sql(office, "SELECT * FROM main.observation ORDER BY ALL")
    assert before
    done = deciding.return_submission(office, receipt, "李统筹", "wrong_scope", "口径应为当季", AFTER)
    assert (done.unit, done.period, done.withdrawn) == (UNIT, PERIOD, len(before))
    after = sql(office, "SELECT * FROM main.observation ORDER BY ALL")
    assert set(map(str, before)) < set(map(str, after)) and len(after) == 2 * len(before)
    current = sql(office, "SELECT DISTINCT status FROM mart.observation WHERE unit = ?", UNIT)
    assert current == [("missing",)]
    [(status, reason)] = sql(
        office, "SELECT status, reason FROM mart.submission WHERE receipt_no = ?", receipt
    )
    assert status == "returned" and "口径不符：口径应为当季" in reason
    [letter] = mails(office, "return")
    assert letter["unit"] == UNIT and "口径应为当季" in text(office, letter)
    [decision] = decisions(office)
    assert (decision.reason_code, decision.payload["receipt_no"]) == ("wrong_scope", receipt)
    with pytest.raises(DecisionRefused, match="不需要退回"):
        deciding.return_submission(office, receipt, "李统筹", "other", "再退一次", AFTER)


def test_the_past_stays_as_it_was_known(office: Office) -> None:
    receipt = report_in(office)
    then = COLLECTED + timedelta(hours=1)
    before = _actual(office, then)
    deciding.return_submission(office, receipt, "李统筹", "wrong_figure", "有误", AFTER)
    assert _actual(office, then) == before
    assert _actual(office, AFTER) != before


def _actual(office: Office, as_of: datetime) -> list[tuple[Any, ...]]:
    steps.report(office, PERIOD, as_of)
    with office.store() as store, restating.known_at(store, as_of):
        return store.con.execute(
            "SELECT indicator, unit, actual FROM mart.attainment ORDER BY ALL"
        ).fetchall()


@pytest.mark.parametrize(
    ("receipt", "code", "said"),
    [("2019Q3-SWJ-00000000", "other", "没有回执号"), (None, "whim", "没有这个理由代码")],
)
def test_a_return_of_nothing_is_refused(office: Office, receipt: str | None, code: str, said: str) -> None:
    real = report_in(office)
    with pytest.raises(DecisionRefused, match=said):
        deciding.return_submission(office, receipt or real, "李统筹", code, "理由", AFTER)


def test_close_and_reopen(office: Office) -> None:
    receipt = report_in(office)
    with pytest.raises(DecisionRefused, match="未到，不能关闭"):
        deciding.close(office, PERIOD, "李统筹", "本季结束", COLLECTED)
    assert not deciding.is_closed(office, PERIOD)
    deciding.close(office, PERIOD, "李统筹", "本季结束", AFTER)
    assert deciding.is_closed(office, PERIOD)
    refused: list[Callable[[], object]] = [
        lambda: deciding.check_not_closed(office, PERIOD),
        lambda: deciding.close(office, PERIOD, "李统筹", "再关", AFTER),
        lambda: deciding.extend(office, PERIOD, UNIT, UNTIL, "李统筹", "延期", AFTER),
        lambda: deciding.return_submission(office, receipt, "李统筹", "other", "退回", AFTER),
    ]
    for attempt in refused:
        with pytest.raises(DecisionRefused, match="已关闭"):
            attempt()
    with pytest.raises(DecisionRefused, match="重新开启的理由"):
        deciding.reopen(office, PERIOD, "李统筹", "", AFTER)
    deciding.reopen(office, PERIOD, "李统筹", "县区更正", AFTER)
    deciding.check_not_closed(office, PERIOD)
    with pytest.raises(DecisionRefused, match="没有关闭"):
        deciding.reopen(office, PERIOD, "李统筹", "县区更正", AFTER)
    assert [str(d.kind) for d in decisions(office)] == ["close", "reopen"]


def test_a_quarter_with_a_running_extension_cannot_be_closed(office: Office) -> None:
    deciding.extend(office, PERIOD, UNIT, UNTIL, "李统筹", "系统故障", COLLECTED)
    with pytest.raises(DecisionRefused, match="2019-10-30 18:00 未到"):
        deciding.close(office, PERIOD, "李统筹", "本季结束", AFTER)


def test_an_approval_is_recorded_once(office: Office) -> None:
    for _ in range(2):
        deciding.approve(office, PERIOD, "李统筹", "", "abc", AFTER)
    deciding.return_summary(office, PERIOD, "李统筹", "请补充说明", "abd", AFTER)
    assert [(str(d.kind), d.reason, d.payload) for d in decisions(office)] == [
        ("approve", "同意签发", {"digest": "abc"}),
        ("return_summary", "请补充说明", {"digest": "abd"}),
    ]
    with pytest.raises(DecisionRefused, match="请写明退回意见"):
        deciding.return_summary(office, PERIOD, "李统筹", " ", "abd", AFTER)
