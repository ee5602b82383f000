"""A unit without a reporting officer: told once a quarter, and the advice in that letter does what it says."""

from __future__ import annotations

from pathlib import Path

import yaml
from drop_folder import NEXT, OPENED, PERIOD, Desk

from flows import steps
from flows.office import open_office

UNIT = "SWJ"


def test_the_alert_comes_once_a_quarter_and_its_advice_is_true(tmp_path: Path) -> None:
    home = tmp_path / "home"
    everybody = open_office(home, trigger="test").config.contacts
    contacts = everybody.model_dump(mode="json", exclude={"is_example"}, exclude_none=True)
    file = home / "config" / "contacts.yml"
    file.parent.mkdir(parents=True)
    nobody = contacts | {"units": {u: c for u, c in contacts["units"].items() if u != UNIT}}
    file.write_text(yaml.safe_dump(nobody, allow_unicode=True), "utf-8")
    desk = Desk(open_office(home, trigger="test"))
    for period in (PERIOD, NEXT):
        steps.open_cycle(desk.office, period, OPENED)
    book = desk.book(UNIT)
    desk.drop(UNIT, "a.xlsx", book)
    desk.drop(UNIT, "b.xlsx", desk.book(UNIT, period=NEXT))
    desk.collect()
    desk.drop(UNIT, "c.xlsx", b"\n".join([b"no", b"table"]))
    desk.collect()
    alerts = [
        m for m in desk.mails(kind="alert") if "没有填报员" in m["subject"] and "家单位" not in m["subject"]
    ]
    assert {m["period"] for m in alerts} >= {PERIOD, NEXT}
    assert len(alerts) == len({m["period"] for m in alerts}), "once a quarter"
    assert "同一份文件再投递一次" in desk.text(alerts[0]) and "jibao collect" not in desk.text(alerts[0])
    [opening] = [m for m in desk.mails(kind="alert", period=PERIOD) if "家单位" in m["subject"]]
    assert "开启通知不补寄" in desk.text(opening)

    file.write_text(yaml.safe_dump(contacts, allow_unicode=True), "utf-8")
    desk.office = open_office(home, trigger="test")
    steps.open_cycle(desk.office, PERIOD, OPENED)
    desk.collect()
    assert not desk.answers(UNIT) and not desk.mails(kind="opening", unit=UNIT), (
        "neither sends what was not sent"
    )
    desk.drop(UNIT, "a.xlsx", book)
    desk.collect()
    [told] = desk.answers(UNIT)
    assert told["period"] == PERIOD and "处理结果：已采用" in desk.text(told)
