"""A unit whose accepted figure disagrees with a later one hears of it once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from drop_folder import COLLECTED, PERIOD, open_desk

from checks.findings import Finding, Severity
from flows.letters.differing import differences
from warehouse import ledger
from warehouse.rechecking import Standing, files_to_recheck

LATER = COLLECTED + timedelta(hours=2)


def finding(about: Standing, message: str) -> Finding:
    s = about.submission
    return Finding(s.submission_id, s.unit, PERIOD, Severity.WARNING, "city_differs", "填报表", "G5", "I-01", "1",
                   message, ("I-01",))  # fmt: skip


def test_the_other_unit_is_told_once_and_again_only_of_something_new(tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "home")
    desk.drop("441402", "表.xlsx", desk.book("441402"))
    desk.collect()
    columns = ("run_id", "submission_id", "unit", "period", "severity", "rule", "items", "message")
    with desk.office.store() as store:
        (standing,) = files_to_recheck(store, PERIOD)
        f = finding(standing, "全市数为5，各县（市、区）汇总为4。")
        mine = {f.submission_id}
        assert differences(desk.office, store, [f], mine, "run-1", LATER) == []
        (mail,) = differences(desk.office, store, [f], {"another"}, "run-1", LATER)
        clerk = desk.office.config.contacts.clerk("441402")
        assert clerk is not None and (mail.recipient, mail.kind, mail.period) == (clerk.mail, "alert", PERIOD)
        with store.transaction():
            line = ("run-1", f.submission_id, f.unit, PERIOD, "warning", f.rule, ["I-01"], f.message)
            store.append("finding", columns, [line])
            assert ledger.enqueue(store, [mail]) == 1
            assert ledger.enqueue(store, differences(desk.office, store, [f], {"x"}, "run-1", LATER)) == 0
        assert differences(desk.office, store, [f], {"x"}, "run-2", LATER) == []
        other = finding(standing, "全市数为6，各县（市、区）汇总为4。")
        assert len(differences(desk.office, store, [other], {"x"}, "run-2", LATER)) == 1
    (told,) = desk.mails(kind="alert", unit="441402")
    assert "填报表 G5：全市数为5" in desk.text(told)
