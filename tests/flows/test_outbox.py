"""Real mails over a real SMTP session into the embedded sink, and into a port nobody listens on."""

from __future__ import annotations

import email
import email.policy
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flows.mailing.compose import Attachment, compose, message_id
from flows.mailing.outbox import deliver
from warehouse import ledger
from warehouse.store import Store

NOW = datetime(2019, 10, 18, 9, tzinfo=ZoneInfo("Asia/Shanghai"))


@dataclass(frozen=True)
class Settings:
    mode: str = "sink"
    host: str = "127.0.0.1"
    port: int = 0
    security: str = "plain"
    ca_file: str = ""
    user: str = ""
    password_file: str = ""
    sender_address: str = "office@meizhou.example"
    deadline_s: float = 5
    max_attempts: int = 3


@dataclass(frozen=True)
class Content:
    subject: str = "【催报】2019年第三季度\r\nBcc: x@evil.example"
    html: str = "<p>请报送</p>"
    text: str = "请报送\n"


def letter(i: int, on_unsure: str = "resend") -> ledger.OutgoingMail:
    to = f"clerk{i}@meizhou.example"
    key = f"2019-Q3|{to}|reminder|due"
    identity = message_id(key, "meizhou.example")
    eml = compose(
        Content(),
        ("统筹组", "office@meizhou.example"),
        ("张三", to),
        identity,
        NOW,
        [Attachment("报送表.xlsx", b"PK")],
    )
    return ledger.OutgoingMail(
        key,
        "reminder",
        to,
        "JXJ",
        "2019-Q3",
        "催报",
        identity,
        eml,
        on_unsure,
        NOW,  # type: ignore[arg-type]
    )


def test_mails_arrive_once_and_open_in_chinese(tmp_path: Path) -> None:
    def opened() -> Store:
        return Store(tmp_path / "w.duckdb")

    with opened() as store:
        for expected in (3, 0):
            with store.transaction():
                assert ledger.enqueue(store, [letter(i) for i in (0, 1, 2, 2)]) == expected
    assert deliver(opened, Settings(), tmp_path / "outbox", lambda: NOW).sent == 3
    assert deliver(opened, Settings(), tmp_path / "outbox", lambda: NOW).sent == 0
    files = sorted((tmp_path / "outbox").glob("*.eml"))
    assert len(files) == 3
    mail = email.message_from_bytes(files[0].read_bytes(), policy=email.policy.default)
    assert mail["Subject"] == "【催报】2019年第三季度 Bcc: x@evil.example" and mail["Bcc"] is None
    assert [a.get_filename() for a in mail.iter_attachments()] == ["报送表.xlsx"]
    with opened() as store:
        assert {r["state"] for r in ledger.list_mails(store, "2019-Q3")} == {"sent"}


def test_closed_port_pauses_and_counts_no_attempt(tmp_path: Path) -> None:
    def opened() -> Store:
        return Store(tmp_path / "w.duckdb")

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with opened() as store, store.transaction():
        ledger.enqueue(store, [letter(0), letter(1)])
    report = deliver(opened, Settings(mode="smtp", port=port), tmp_path / "outbox", lambda: NOW)
    assert report.queued == 2 and report.paused_reason is not None and "连不上" in report.paused_reason
    with opened() as store:
        assert {r["attempts"] for r in ledger.list_mails(store)} == {0}
    assert deliver(opened, Settings(), tmp_path / "outbox", lambda: NOW).sent == 2


def test_crash_leaves_a_formal_mail_to_a_person(tmp_path: Path) -> None:
    with Store(tmp_path / "w.duckdb") as store:
        with store.transaction():
            ledger.enqueue(store, [letter(0, "hold"), letter(1)])
            claimed = ledger.claim_due(store, NOW, 2)
        ledger.recover(store, NOW, 3)
        states = [ledger.show(store, c.mail_id).events[-1]["state"] for c in claimed]
        assert states == ["unsure", "queued"]
        with store.transaction():
            ledger.resolve(store, claimed[0].mail_id, "delivered", NOW, "已电话核实")
        assert ledger.show(store, claimed[0].mail_id).events[-1]["state"] == "sent"
