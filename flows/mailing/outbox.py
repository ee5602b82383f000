"""Delivering: what the ledger holds queued leaves, one attempt a mail and run, over one connection.

Belongs here: the order claim, send, record, and who holds the warehouse meanwhile. Does not: the state machine
(warehouse.ledger), the wire (flows.mailing.transport), the letters.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from config.language import N_
from warehouse import ledger
from warehouse.killpoints import reached
from warehouse.ledger import Answer, ClaimedMail, Outcome
from warehouse.store import Store

if TYPE_CHECKING:  # yagmail is imported only when a mail is due
    from flows.mailing.transport import Attempt, MailSettings, Transport

# How people call the kinds of mail.
KINDS = {
    "opening": N_("开报通知"), "receipt": N_("回执"), "return": N_("退回"), "reminder": N_("催报"), "summary": N_("通报"),
    "alert": N_("告警"),
}  # fmt: skip

SLOW_S = 0.5  # a server that takes longer does not keep the warehouse from others
HOLD_S = 2.0  # longest stretch of fast mails before others get a turn
MOST_LOST = 2  # letters lost in a row after hand-over before the run ends
AHEAD = 50  # mails read at once; one query a mail was a third of the time
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
    is_elsewhere: bool = False  # another delivery is at work and sends what is queued


@dataclass
class _Tally:
    sent: int = 0
    failed: list[LostMail] = field(default_factory=list)
    unsure: list[LostMail] = field(default_factory=list)
    paused: str | None = None


def deliver(
    open_store: Callable[[], Store], settings: MailSettings, outbox: Path, now: Callable[[], datetime],
    limit: int | None = None, progress: Callable[[int, int], None] | None = None,
    follow_up: Callable[[Store], int] | None = None,
) -> DeliveryReport:  # fmt: skip
    """Sends what is due, at most ``limit`` mails.

    Each mail is on record as ``sending`` before the socket is touched, so a crash leaves at most one mail unsure.
    A channel or login failure ends the run; the rest stays queued. Only one delivery of a home runs at a time.

    :param outbox: where the embedded sink writes when ``settings.mode`` is sink and no port is set
    :param progress: called with (done, due) after each mail
    :param follow_up: called once after the mails; may queue more (alerts) and returns how many, they leave at once
    """
    outbox.mkdir(parents=True, exist_ok=True)
    running = FileLock(str(outbox / ".deliver.lock"), timeout=0)
    try:
        # Without it a second run would take the first one's mail in flight for a crashed one.
        running.acquire()
    except Timeout:
        return DeliveryReport(paused_reason="另一次发送正在进行，本次不重复发送", is_elsewhere=True)
    try:
        with _Turns(open_store) as turns, ExitStack() as connected:
            run = _Run(turns, lambda: _transport(settings, outbox, connected), settings.max_attempts, now)
            ledger.recover(turns.store, now(), settings.max_attempts)
            run.send(limit, progress)
            if follow_up is not None and follow_up(turns.store) and run.tally.paused is None:
                run.send(limit, progress)
            queued = ledger.count_by_state(turns.store).get("queued", 0)
    finally:
        running.release()
    tally = run.tally
    return DeliveryReport(
        sent=tally.sent, queued=queued, failed=len(tally.failed), unsure=len(tally.unsure),
        paused_reason=tally.paused, failed_mails=tuple(tally.failed), unsure_mails=tuple(tally.unsure),
    )  # fmt: skip


class _Run:
    """The mails of one delivery over one connection."""

    def __init__(
        self,
        turns: _Turns,
        connect: Callable[[], tuple[Transport | None, str | None]],
        max_attempts: int,
        now: Callable[[], datetime],
    ) -> None:
        self.tally = _Tally()
        self._turns = turns
        self._connect = connect
        self._transport: Transport | None = None
        self._max_attempts = max_attempts
        self._now = now
        self._lost_in_a_row = 0
        self._ahead: dict[str, ClaimedMail] = {}  # read in one go, good while the warehouse stays open

    def send(self, limit: int | None, progress: Callable[[int, int], None] | None) -> None:
        due = ledger.list_due(self._turns.store, self._now(), limit)
        if not due:
            return
        if self._transport is None:
            self._transport, self.tally.paused = self._connect()
            if self._transport is None:
                return
        # The answer to one mail and the claim of the next are one commit: half the disk syncs.
        answer: Answer | None = None
        try:
            for done in range(len(due)):
                mail = self._next(due, done)
                recorded, answer = answer, None
                self._record(recorded, sending=mail)
                if mail is not None:
                    answer = self._attempt(self._transport, mail)
                if progress is not None:
                    progress(done + 1, len(due))
                if self.tally.paused is not None:
                    break
        finally:
            self._turns.take()
            self._record(answer)

    def _attempt(self, transport: Transport, mail: ClaimedMail) -> Answer:
        if mail.eml is None:
            return Answer(mail, Outcome.REJECTED, mail.lost)
        reached("send")
        attempt = transport.send(mail.recipient, mail.eml, slow_after=SLOW_S, when_slow=self._turns.give)
        reached("sent")
        self._judge_channel(attempt)
        return Answer(mail, attempt.outcome, attempt.text)

    def _next(self, due: list[str], place: int) -> ClaimedMail | None:
        """The mail if it is still due. While the warehouse is open nobody else can have changed it."""
        reopened = self._turns.take()
        if reopened or place % AHEAD == 0:
            self._ahead = ledger.read_queued(
                self._turns.store, due[place : place + AHEAD - place % AHEAD], self._now()
            )
        return self._ahead.pop(due[place], None)

    def _record(self, answer: Answer | None, sending: ClaimedMail | None = None) -> None:
        ledger.advance(self._turns.store, self._now(), answer, sending, max_attempts=self._max_attempts)
        if answer is not None:
            _count(self.tally, answer, answer.state(self._max_attempts))

    def _judge_channel(self, attempt: Attempt) -> None:
        if attempt.outcome in (Outcome.CHANNEL, Outcome.AUTH):
            self.tally.paused = attempt.text
        # A server that swallows letters without a word would make every one of them unsure, a deadline each.
        self._lost_in_a_row = self._lost_in_a_row + 1 if attempt.outcome is Outcome.UNSURE else 0
        if self._lost_in_a_row >= MOST_LOST:
            self.tally.paused = f"连续 {MOST_LOST} 封邮件交出后没有答复，本次不再发送：{attempt.text}"


def _count(tally: _Tally, answer: Answer, state: str) -> None:
    mail = answer.mail
    lost = LostMail(
        mail.mail_id, mail.kind, mail.recipient, mail.unit, mail.period, mail.subject, answer.detail
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
        self._unpublished = False

    def __enter__(self) -> _Turns:
        self.take()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        store, self._store = self._store, None
        if store is not None:
            if self._unpublished and kind is None:
                with store.transaction():  # marks it changed: what earlier turns wrote is published now
                    pass
            store.__exit__(None, None, None)

    @property
    def store(self) -> Store:
        assert self._store is not None
        return self._store

    def take(self) -> bool:
        """Makes sure the warehouse is open; lets others in first when it has been held long. True if reopened."""
        if self._store is not None and time.monotonic() - self._since > HOLD_S:
            self.give()
            time.sleep(_TURN_S)
        if self._store is None:
            self._store = self._open().__enter__()
            self._since = time.monotonic()
            return True
        return False

    def give(self) -> None:
        """Closes the warehouse; every finished transaction is on disk. The snapshot waits for the end of the run."""
        store, self._store = self._store, None
        if store is not None:
            self._unpublished = self._unpublished or store.snapshot is not None
            store.snapshot = None
            store.__exit__(None, None, None)


def _transport(settings: MailSettings, outbox: Path, stack: ExitStack) -> tuple[Transport | None, str | None]:
    """An unconnected transport, or why there is none; starts the embedded sink when nobody else runs one."""
    from flows.mailing.transport import Transport, read_password

    if settings.mode == "sink":
        if not settings.port:
            from flows.mailing.sink import EmbeddedSink

            sink = stack.enter_context(EmbeddedSink(outbox))
            settings = _towards(settings, sink.host, sink.port)
        else:
            settings = _towards(settings, settings.host, settings.port)
        return stack.enter_context(Transport(settings)), None
    try:
        password = read_password(settings)
    except OSError as error:
        return None, f"读不到邮件密码文件 {settings.password_file}：{error.strerror}"
    if settings.user and not password:
        return None, "没有配置邮件密码（password_file 或环境变量 JIBAO_SMTP_PASSWORD）"
    if settings.ca_file and not Path(settings.ca_file).is_file():
        return None, f"找不到根证书 {settings.ca_file}（settings.yml 的 ca_file）"
    return stack.enter_context(Transport(settings, password)), None


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
