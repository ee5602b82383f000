"""The embedded mail sink: a real SMTP server on loopback that keeps every accepted message as a file.

Belongs here: receiving and writing. Does not: sending, the ledger.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from flows import clock
from warehouse.durable import sweep, write_whole

_SIZE_LIMIT = 64 * 1024 * 1024  # bytes; ours carry workbooks and documents of a few MB
_FORMAT = "%Y%m%dT%H%M%SZ"


class EmbeddedSink:
    """``with EmbeddedSink(outbox) as sink:`` accepts mail on ``sink.host``:``sink.port``.

    Files are ``<UTC time>_<recipient>_<hash>.eml``; time is the Date header's, hash is that of Message-ID and
    recipient, so a second copy of a letter overwrites its file. ``copies`` counts arrivals by file name.

    :param port: 0 lets the system choose a free one
    :raises OSError: on entering, when the port is taken
    """

    def __init__(self, outbox: Path, host: str = "127.0.0.1", port: int = 0) -> None:
        self.outbox = outbox
        self.host = host
        self.port = port
        self.copies: Counter[str] = Counter()
        self._controller: Controller | None = None

    def __enter__(self) -> EmbeddedSink:
        self.outbox.mkdir(parents=True, exist_ok=True)
        sweep(self.outbox, deep=False)
        self._controller = _AnyPort(
            self, hostname=self.host, port=self.port, data_size_limit=_SIZE_LIMIT, ident="jibao"
        )
        self._controller.start()
        self.port = self._controller.port
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd)
        content = envelope.content
        body = content if isinstance(content, bytes) else (content or "").encode()
        try:
            for recipient in envelope.rcpt_tos:
                self._keep(body, recipient)
        except OSError as error:
            # Not accepted means the sender keeps it queued: a full disk loses nothing.
            return f"452 4.3.1 cannot store the message: {error.strerror}"
        return "250 OK"

    def _keep(self, body: bytes, recipient: str) -> None:
        name = file_name(body, recipient, clock.now())
        write_whole(self.outbox / name, body, synced=True, point="sink")
        self.copies[name] += 1


class _AnyPort(Controller):
    """aiosmtpd greets itself on the configured port to see whether it runs; with port 0 that is unknown."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()


def file_name(body: bytes, recipient: str, arrived: datetime) -> str:
    """Same letter and recipient, same name, whoever receives it when. ``arrived`` stands in for a missing Date."""
    head = BytesHeaderParser(policy=default).parsebytes(body)
    date = getattr(head["Date"], "datetime", None) or arrived
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    identity = str(head["Message-ID"] or hashlib.sha256(body).hexdigest()).strip()
    digest = hashlib.sha256(f"{identity}\n{recipient}".encode()).hexdigest()[:16]
    shown = re.sub(r"[^A-Za-z0-9@._-]", "_", recipient)[:80]
    return f"{date.astimezone(UTC).strftime(_FORMAT)}_{shown}_{digest}.eml"
