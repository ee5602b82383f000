"""Whom a reminder reaches: one digest for who answers for several units, the substitute, the coordinator for nobody."""

from __future__ import annotations

import email
import email.policy
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.calendar import SHANGHAI
from flows import steps
from flows.office import Office, open_office
from warehouse import ledger

PERIOD = "2019-Q3"
OPENED = datetime(2019, 10, 8, 8, 0, tzinfo=SHANGHAI)
# The due day: 8 to 18 October are ten working days, Saturday the 12th among them.
DUE = datetime(2019, 10, 18, 9, 0, tzinfo=SHANGHAI)
ONE = {"name": "张三", "mail": "zhangsan@meizhou.example"}
STAND_IN = {"name": "李四", "mail": "lisi@meizhou.example"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Three units with one clerk, one with a vacancy and a substitute, one with nobody; all others have their own."""
    root = tmp_path_factory.mktemp("people") / "home"
    everybody = open_office(root, trigger="test").config
    owing = sorted({o.unit for o in everybody.obligations() if o.is_owed})
    contacts = everybody.contacts.model_dump(mode="json", exclude={"is_example"}, exclude_none=True)
    for unit in owing[:3]:
        contacts["units"][unit]["clerk"] = ONE
    contacts["units"][owing[3]] = {"substitute": STAND_IN}
    contacts["units"].pop(owing[4])
    (root / "config").mkdir(parents=True, exist_ok=True)
    (root / "config" / "contacts.yml").write_text(yaml.safe_dump(contacts, allow_unicode=True), "utf-8")
    office = open_office(root, trigger="test")
    steps.open_cycle(office, PERIOD, OPENED)
    steps.remind(office, DUE, send=False)
    return office


def owing_units(office: Office) -> list[str]:
    return sorted({o.unit for o in office.config.obligations() if o.is_owed})


def mails(office: Office, **wanted: Any) -> list[tuple[dict[str, Any], email.message.EmailMessage]]:
    with office.store() as store:
        found = [m for m in ledger.list_mails(store) if all(m[k] == v for k, v in wanted.items())]
        bodies = [ledger.show(store, m["mail_id"]).mail["eml"] for m in found]
    parsed = [email.message_from_bytes(body, policy=email.policy.default) for body in bodies]
    return list(zip(found, parsed, strict=True))  # type: ignore[arg-type]


def text(letter: email.message.EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_one_digest_for_three_units(office: Office) -> None:
    [(row, letter)] = mails(office, recipient=ONE["mail"], kind="reminder")
    assert row["unit"] is None
    units = owing_units(office)[:3]
    told = text(letter)
    assert all(office.config.unit(unit).name in told for unit in units)
    assert sorted(str(part.get_filename()) for part in letter.iter_attachments()) == [
        f"{unit}_{PERIOD}.xlsx" for unit in units
    ]


def test_a_substitute_answers_while_the_post_is_vacant(office: Office) -> None:
    unit = owing_units(office)[3]
    [(row, letter)] = mails(office, recipient=STAND_IN["mail"], kind="reminder")
    assert row["unit"] == unit and "李四" in text(letter)
    assert mails(office, recipient=STAND_IN["mail"], kind="opening")


def test_nobody_to_write_to_is_an_alarm(office: Office) -> None:
    unit = owing_units(office)[4]
    coordinator = office.config.contacts.coordinator.mail
    alarms = [text(letter) for _, letter in mails(office, recipient=coordinator, kind="alert")]
    assert (
        len([a for a in alarms if office.config.unit(unit).name in a]) == 2
    )  # at the opening and at this step
    assert not mails(office, unit=unit, kind="reminder")
    subjects = [row["subject"] for row, _ in mails(office, recipient=coordinator, kind="alert")]
    assert [s for s in subjects if "2019年第三季度有1家" in s] == subjects, "written as letters write it"


def test_everybody_else_is_reminded_once(office: Office) -> None:
    reminded = [row["recipient"] for row, _ in mails(office, kind="reminder")]
    assert len(reminded) == len(set(reminded)) == len(owing_units(office)) - 3
    steps.remind(office, DUE, send=False)
    assert [row["recipient"] for row, _ in mails(office, kind="reminder")] == reminded


def test_a_step_made_up_later_tells_the_days_that_are_left(tmp_path: Path) -> None:
    office = open_office(tmp_path / "home", trigger="test")
    steps.open_cycle(office, PERIOD, OPENED)
    # Five working days before the due day is Saturday the 12th; nobody ran then.
    steps.remind(office, datetime(2019, 10, 15, 9, 0, tzinfo=SHANGHAI), send=False)
    told = [(row["subject"], text(letter)) for row, letter in mails(office, kind="reminder")]
    assert told and all("还有3个工作日截止" in subject for subject, _ in told)


def test_a_year_without_published_holidays_is_told(tmp_path: Path) -> None:
    office = open_office(tmp_path / "home", trigger="test")
    coordinator = office.config.contacts.coordinator.mail
    steps.open_cycle(office, "2040-Q1", datetime(2040, 4, 2, 8, 0, tzinfo=SHANGHAI))
    [told] = [t for _, m in mails(office, recipient=coordinator, kind="alert") if "暂定" in (t := text(m))]
    assert "calendar.yml" in told and "2040-04" in told and "2040年第一季度的截止时间" in told
