"""Canaries in the place of every secret, the search for them, and a mail server that gives them away.

Belongs here: what more than one test of secrecy needs. Does not: the tests.
"""

from __future__ import annotations

import base64
import email
import email.policy
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
from aiosmtpd.smtp import AuthResult

from flows.mailing.sink import _AnyPort
from warehouse.letterbook import FOLDER, LetterBook, Page

MAIL = "Kanarienvogel-Mail-7f3a"
API = "tongchou:Kanarienvogel+API/9c1d"
SPELLINGS = {
    t
    for s in (MAIL, API, API.partition(":")[2])
    for t in (s, base64.b64encode(s.encode()).decode(), quote(s, safe=""))
} | {base64.b64encode(f"\0jibao\0{MAIL}".encode()).decode()}


def leaks(folder: Path, but: Path | None = None) -> list[str]:
    """Files below ``folder`` that hold a canary in any spelling."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path != but:
            data = path.read_bytes()
            found += [f"{path}: {s}" for s in SPELLINGS if s.encode() in data]
    return found


def told(text: str) -> list[str]:
    """The canaries in ``text``."""
    return [s for s in SPELLINGS if s in text]


def mails(snapshot: Path) -> Iterator[str]:
    """Every queued mail as a mail program would show it (its bytes hide words in base64), and what became of it."""
    with duckdb.connect(str(snapshot), read_only=True) as con:
        book, where = (
            LetterBook(snapshot.with_name(FOLDER)),
            "letter_file, letter_at, letter_size, letter_sha256",
        )
        for page in con.execute(f"SELECT {where} FROM main.mail").fetchall():
            eml = book.read(Page(*page))
            message = email.message_from_bytes(eml, policy=email.policy.default)
            yield str(message.items())
            for part in message.walk():
                if not part.is_multipart():
                    yield (part.get_payload(decode=True) or b"").decode("utf-8", "replace")
        for row in con.execute("FROM main.mail_event").fetchall():
            yield str(row)


def rows(database: Path) -> Iterable[str]:
    """Every row of an SQLite file that may be in use, as SQL: a page may break a word, a row does not."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as con:
        yield from con.iterdump()


@contextmanager
def refusing_server(quoting: bool) -> Iterator[int]:
    """Wants a login and refuses it, quoting what it was sent when ``quoting``: the worst a server can do."""

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        said = (
            f"535 no: {data.password.decode()} {base64.b64encode(data.password).decode()}"
            if quoting
            else "535 no"
        )
        return AuthResult(success=False, handled=False, message=said)

    controller = _AnyPort(
        object(),
        hostname="127.0.0.1",
        port=0,
        authenticator=check,
        auth_required=True,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
