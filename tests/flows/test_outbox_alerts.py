"""Letters that will not arrive are told to the coordinator; a person's word on them through ``jibao mail``."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mail_samples import NOW, address, letter
from smtp_script import ScriptedServer

from flows.cli.mail import mail_group
from flows.office import Office, open_office
from flows.steps.delivering import deliver
from warehouse import ledger

SETTINGS = """mail:
  mode: smtp
  host: 127.0.0.1
  port: {port}
  sender_name: 统筹组
  sender_address: office@meizhou.example
  domain: meizhou.example
  max_attempts: 3
"""


def office_at(home: Path, server: ScriptedServer) -> Office:
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "settings.yml").write_text(SETTINGS.format(port=server.port), "utf-8")
    office = open_office(home)
    office.home.create()
    return office


def queue(office: Office, *letters: ledger.OutgoingMail) -> None:
    with office.store() as store, store.transaction():
        ledger.enqueue(store, letters)


def alerts(server: ScriptedServer, office: Office) -> list[str]:
    """Text parts of what the coordinator got."""
    to = office.config.contacts.coordinator.mail
    bodies = []
    for taken in server.taken:
        if taken.recipient == to:
            part = email.message_from_bytes(taken.body, policy=email.policy.default).get_body(("plain",))
            assert part is not None
            bodies.append(str(part.get_content()))
    return bodies


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"


def test_a_refused_address_is_told_once_in_the_same_delivery(home: Path) -> None:
    with ScriptedServer(refused=[address(1)]) as server:
        office = office_at(home, server)
        queue(office, letter(0), letter(1))
        report = deliver(office, NOW)
        assert (report.sent, report.failed, report.queued) == (2, 1, 0)
        [alert] = alerts(server, office)
        assert address(1) in alert and "550" in alert and letter(1).mail_id in alert and "催报" in alert
        deliver(office, NOW + timedelta(days=1))
        assert len(alerts(server, office)) == 1
        # A second failure after a person's retry is a new event, so it is told again.
        with office.store() as store, store.transaction():
            ledger.retry(store, letter(1).mail_id, NOW, "已核实")
        deliver(office, NOW + timedelta(days=2))
        assert len(alerts(server, office)) == 2


def test_a_formal_letter_of_unknown_fate_is_told_and_an_ordinary_one_is_not(home: Path) -> None:
    with ScriptedServer(["drop-after", "ok", "drop-after"]) as server:
        office = office_at(home, server)
        queue(office, letter(0, "hold", "summary"), letter(1), letter(2))
        assert deliver(office, NOW).unsure == 2
        [alert] = alerts(server, office)
        assert "通报不知是否送达" in alert and f"jibao mail resolve {letter(0).mail_id}" not in alert
        assert letter(0, "hold", "summary").mail_id in alert


def test_an_alert_that_fails_raises_no_alert(home: Path) -> None:
    with ScriptedServer(refused=[address(0)]) as server:
        office = office_at(home, server)
        server._refused.add(office.config.contacts.coordinator.mail)
        queue(office, letter(0))
        for day in range(3):
            deliver(office, NOW + timedelta(days=day))
        with office.store() as store:
            kinds = [r["kind"] for r in ledger.list_mails(store)]
        assert sorted(kinds) == ["alert", "reminder"]


def test_an_alert_lost_with_a_crash_is_made_up_for(home: Path) -> None:
    with ScriptedServer() as server:
        office = office_at(home, server)
        queue(office, letter(0, "hold"))
        with office.store() as store, store.transaction():
            assert ledger.claim(store, letter(0).mail_id, NOW) is not None
        assert deliver(office, NOW).sent == 1
        assert len(alerts(server, office)) == 1


def jibao(home: Path, *words: str) -> Result:
    return CliRunner().invoke(mail_group, [*words, "--home", str(home)])


def test_the_command_line(home: Path) -> None:
    with ScriptedServer(["drop-after", "rcpt-550"]) as server:
        office = office_at(home, server)
        formal, bad, good = letter(0, "hold", "summary"), letter(1), letter(2)
        queue(office, formal, bad, good)
        deliver(office, NOW)

        listed = jibao(home, "list")
        assert listed.exit_code == 1 and "共 5 封：已发 3 封，失败 1 封，不明 1 封" in listed.output
        assert jibao(home, "list", "--state", "sent", "--period", "2019-Q3").exit_code == 0
        rows = json.loads(jibao(home, "list", "--json", "--state", "failed").output)
        assert [r["mail_id"] for r in rows] == [bad.mail_id]

        shown = jibao(home, "show", bad.mail_id)
        assert shown.exit_code == 0 and "请报送" in shown.output and "550" in shown.output
        assert f"To: 张三 <{address(1)}>" in shown.output
        detail = json.loads(jibao(home, "show", formal.mail_id, "--json").output)
        assert [e["state"] for e in detail["events"]] == ["queued", "sending", "unsure"]

        for words in (
            ("show", "0000"),
            ("retry", formal.mail_id, "--reason", "x"),
            ("resolve", bad.mail_id, "drop", "--reason", "x"),
            ("retry", bad.mail_id),
            ("retry", bad.mail_id, "--reason", " "),
            ("list", "--state", "lost"),
        ):
            refused = jibao(home, *words)
            assert refused.exit_code == 2 and "Traceback" not in refused.output, words

        assert "待发" in jibao(home, "retry", bad.mail_id, "--reason", "地址已核实").output
        assert "已发" in jibao(home, "resolve", formal.mail_id, "delivered", "--reason", "电话确认").output
        deliver(office, NOW + timedelta(days=9999))
        assert jibao(home, "list").exit_code == 0
        assert max(server.copies().values()) == 1


def test_before_anything_was_opened(home: Path) -> None:
    result = jibao(home, "list")
    assert result.exit_code == 3 and "还没有数据" in result.output
