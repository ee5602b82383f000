"""Delivering: what the ledger holds queued leaves, one attempt a mail and run, over one connection.

Belongs here: the order claim, send, record, and who holds the warehouse meanwhile. Does not: the state machine
(warehouse.ledger), the wire (flows.transport), the letters.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from warehouse import ledger
from warehouse.ledger import ClaimedMail, Outcome
from warehouse.store import Store

if TYPE_CHECKING:  # yagmail is imported only when a mail is due
    from flows.transport import Attempt, MailSettings, Transport

SLOW_S = 0.5  # a server that takes longer does not keep the warehouse from others
HOLD_S = 2.0  # longest stretch of fast mails before others get a turn
_TURN_S = 0.12  # the sidecar lock is polled every 0.05 s


@dataclass(frozen=True)
class LostMail:
    """A mail that did not arrive for sure; the coordinator is told."""

    mail_id: str
    kind: str
    recipient: str
    unit: str | None
    period: str | None
    subject: str
    reason: str


@dataclass(frozen=True)
class DeliveryReport:
    sent: int = 0
    queued: int = 0  # still in the queue after this run, waiting ones included
    failed: int = 0
    unsure: int = 0
    paused_reason: str | None = None  # why the run ended early; one Chinese line
    failed_mails: tuple[LostMail, ...] = ()
    unsure_mails: tuple[LostMail, ...] = ()  # of this run


@dataclass
class _Tally:
    sent: int = 0
    failed: list[LostMail] = field(default_factory=list)
    unsure: list[LostMail] = field(default_factory=list)
    paused: str | None = None


def deliver(
    open_store: Callable[[], Store], settings: MailSettings, outbox: Path, now: Callable[[], datetime],
    limit: int | None = None, progress: Callable[[int, int], None] | None = None,
) -> DeliveryReport:  # fmt: skip
    """Sends what is due, at most ``limit`` mails.

    Each mail is on record as ``sending`` before the socket is touched, so a crash leaves at most one mail unsure.
    A channel or login failure ends the run; the rest stays queued. Only one delivery of a home runs at a time.

    :param outbox: where the embedded sink writes when ``settings.mode`` is sink and no port is set
    :param progress: called with (done, due) after each mail
    """
    outbox.mkdir(parents=True, exist_ok=True)
    running = FileLock(str(outbox / ".deliver.lock"), timeout=0)
    try:
        # Without it a second run would take the first one's mail in flight for a crashed one.
        running.acquire()
    except Timeout:
        return DeliveryReport(paused_reason="另一次发送正在进行,本次不重复发送")
    try:
        with _Turns(open_store) as turns:
            ledger.recover(turns.store, now(), settings.max_attempts)
            due = ledger.list_due(turns.store, now(), limit)
            tally = _Tally()
            if due:
                with _transport(settings, outbox) as (transport, problem):
                    if transport is None:
                        tally.paused = problem
                    else:
                        _send_all(turns, transport, due, settings.max_attempts, now, progress, tally)
            queued = ledger.count_by_state(turns.store).get("queued", 0)
    finally:
        running.release()
    return DeliveryReport(
        sent=tally.sent, queued=queued, failed=len(tally.failed), unsure=len(tally.unsure),
        paused_reason=tally.paused, failed_mails=tuple(tally.failed), unsure_mails=tuple(tally.unsure),
    )  # fmt: skip


def _send_all(
    turns: _Turns, transport: Transport, due: list[str], max_attempts: int, now: Callable[[], datetime],
    progress: Callable[[int, int], None] | None, tally: _Tally,
) -> None:  # fmt: skip
    # The answer to one mail and the claim of the next are one commit: half the disk syncs.
    answered: tuple[ClaimedMail, Attempt] | None = None

    def record() -> None:
        if answered is not None:
            mail, attempt = answered
            state = ledger.settle(turns.store, mail, attempt.outcome, attempt.text, now(), max_attempts)
            _count(tally, mail, attempt, state)

    try:
        for done, mail_id in enumerate(due):
            turns.take()
            with turns.store.transaction():
                record()
                mail = ledger.claim(turns.store, mail_id, now())
            answered = None
            if mail is not None:
                attempt = transport.send(mail.recipient, mail.eml, slow_after=SLOW_S, when_slow=turns.give)
                answered = (mail, attempt)
                if attempt.outcome in (Outcome.CHANNEL, Outcome.AUTH):
                    tally.paused = attempt.text
            if progress is not None:
                progress(done + 1, len(due))
            if tally.paused is not None:
                break
    finally:
        turns.take()
        if answered is not None:
            with turns.store.transaction():
                record()


def _count(tally: _Tally, mail: ClaimedMail, attempt: Attempt, state: str) -> None:
    lost = LostMail(
        mail.mail_id, mail.kind, mail.recipient, mail.unit, mail.period, mail.subject, attempt.text
    )
    if state == "sent":
        tally.sent += 1
    elif state == "failed":
        tally.failed.append(lost)
    elif state == "unsure":
        tally.unsure.append(lost)


class _Turns:
    """The open warehouse, given back while a mail hangs and every :data:`HOLD_S` seconds."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open = open_store
        self._store: Store | None = None
        self._since = 0.0

    def __enter__(self) -> _Turns:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.give()

    @property
    def store(self) -> Store:
        assert self._store is not None
        return self._store

    def take(self) -> None:
        """Makes sure the warehouse is open; lets others in first when it has been held long."""
        if self._store is not None and time.monotonic() - self._since > HOLD_S:
            self.give()
            time.sleep(_TURN_S)
        if self._store is None:
            self._store = self._open().__enter__()
            self._since = time.monotonic()

    def give(self) -> None:
        """Closes the warehouse; every finished transaction is on disk."""
        store, self._store = self._store, None
        if store is not None:
            store.__exit__(None, None, None)


@contextmanager
def _transport(settings: MailSettings, outbox: Path) -> Iterator[tuple[Transport | None, str | None]]:
    """An unconnected transport, or why there is none; starts the embedded sink when nobody else runs one."""
    from flows.transport import Transport, read_password

    with ExitStack() as stack:
        if settings.mode == "sink":
            if not settings.port:
                from flows.sink import EmbeddedSink

                sink = stack.enter_context(EmbeddedSink(outbox))
                settings = _towards(settings, sink.host, sink.port)
            else:
                settings = _towards(settings, settings.host, settings.port)
            yield stack.enter_context(Transport(settings)), None
            return
        try:
            password = read_password(settings)
        except OSError as error:
            yield None, f"读不到邮件密码文件 {settings.password_file}:{error.strerror}"
            return
        if settings.user and not password:
            yield None, "没有配置邮件密码(password_file 或环境变量 JIBAO_SMTP_PASSWORD)"
            return
        yield stack.enter_context(Transport(settings, password)), None


@dataclass(frozen=True)
class _Plain:
    """Settings towards a sink on loopback: no TLS, no login."""

    host: str
    port: int
    sender_address: str
    deadline_s: float
    max_attempts: int
    mode: str = "sink"
    security: str = "plain"
    ca_file: str = ""
    user: str = ""
    password_file: str = ""


def _towards(settings: MailSettings, host: str, port: int) -> MailSettings:
    return _Plain(host, port, settings.sender_address, settings.deadline_s, settings.max_attempts)
