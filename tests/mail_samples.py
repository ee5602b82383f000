"""Settings and letters for the mail tests, and how a test opens its warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flows.mailing.compose import compose, message_id
from warehouse import ledger
from warehouse.store import Store

NOW = datetime(2019, 10, 18, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
DOMAIN = "meizhou.example"


@dataclass(frozen=True)
class Settings:
    port: int = 0
    mode: str = "smtp"
    host: str = "127.0.0.1"
    security: str = "plain"
    ca_file: str = ""
    user: str = ""
    password_file: str = ""
    sender_address: str = f"office@{DOMAIN}"
    deadline_s: float = 5
    max_attempts: int = 3


@dataclass(frozen=True)
class Content:
    subject: str = "【催报】2019年第三季度"
    html: str = "<p>请报送</p>"
    text: str = "请报送\n"


def address(i: int) -> str:
    return f"clerk{i}@{DOMAIN}"


def letter(i: int, on_unsure: str = "resend", kind: str = "reminder") -> ledger.OutgoingMail:
    to = address(i)
    key = f"2019-Q3|{to}|{kind}|due"
    identity = message_id(key, DOMAIN)
    eml = compose(Content(), ("统筹组", f"office@{DOMAIN}"), ("张三", to), identity, NOW)
    return ledger.OutgoingMail(key, kind, to, "JXJ", "2019-Q3", "催报", identity, eml, on_unsure, NOW)  # type: ignore[arg-type]


class Desk:
    """A warehouse in ``folder`` with letters queued."""

    def __init__(self, folder: Path, *letters: ledger.OutgoingMail) -> None:
        self.folder = folder
        with self.store() as store, store.transaction():
            ledger.enqueue(store, letters)

    def store(self) -> Store:
        return Store(self.folder / "w.duckdb", snapshot=self.folder / "w.snapshot.duckdb")

    def rows(self) -> list[dict[str, object]]:
        """mart.mail by recipient."""
        with self.store() as store:
            return sorted(ledger.list_mails(store), key=lambda r: str(r["recipient"]))

    def states(self) -> list[object]:
        return [r["state"] for r in self.rows()]
