"""The mail ledger: which letters exist and what became of them, appended, never rewritten.

Belongs here: the state machine of a mail. Does not: composing, connecting, the clock (flows).

    queued -> sending -> sent | failed (5xx) | unsure (lost after hand-over)
                       | queued (4xx: later, attempt counted; channel or login: attempt not counted)
    unsure -> queued again with the same Message-ID (resend), or waits for a person (hold)

Call what writes inside ``store.transaction()`` when it belongs to a larger change; :func:`recover` and
:func:`advance` are one statement each and need none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, Literal

from warehouse import audit
from warehouse.letterbook import LetterBook, LetterLost, Page
from warehouse.store import Rows, Store

BACKOFF_FIRST = timedelta(minutes=5)
BACKOFF_MAX = timedelta(hours=4)
_AT_ONCE = 200  # letters written together, 5 MB
_MAIL = (
    "mail_id", "dedupe_key", "kind", "recipient", "unit", "period", "subject", "message_id", "on_unsure", "queued_at"
)  # fmt: skip
_PAGE = ("letter_file", "letter_at", "letter_size", "letter_sha256")
_BY_PERSON = "人工认定"  # how a verdict of resolve() begins in the history


class LedgerError(ValueError):
    """A person asked for a change the mail's state does not allow; one Chinese line."""


class Outcome(StrEnum):
    """What one attempt came to. Only the first two and ``unsure`` count as attempts of the mail."""

    SENT = "sent"
    REJECTED_TEMPORARY = "rejected_temporary"  # 4xx for this mail
    REJECTED = "rejected"  # 5xx for this mail, counted too
    CHANNEL = "channel"  # no connection or lost before the mail was handed over
    UNSURE = "unsure"  # handed over, answer lost
    AUTH = "auth"  # login or our sender address refused: nothing the mail can help


@dataclass(frozen=True)
class OutgoingMail:
    """One letter to one recipient, frozen."""

    dedupe_key: str  # period|recipient|template|step; a second mail with the same key is not queued
    kind: str  # opening, receipt, return, reminder, summary, alert
    recipient: str
    unit: str | None
    period: str | None
    subject: str
    message_id: str
    eml: bytes
    on_unsure: Literal["resend", "hold"]
    queued_at: datetime

    @property
    def mail_id(self) -> str:
        """Short stable name people type at the command line."""
        return hashlib.sha256(self.dedupe_key.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ClaimedMail:
    """A mail taken for sending: its ``sending`` event is on record."""

    mail_id: str
    kind: str
    recipient: str
    unit: str | None
    period: str | None
    subject: str
    message_id: str
    eml: bytes | None  # None: see ``lost``
    on_unsure: str
    attempts: int  # counted before this one
    lost: str = ""  # why the letter cannot be read any more; one Chinese line


@dataclass(frozen=True)
class MailRecord:
    mail: dict[str, Any]  # the row of table mail; eml is None where ``lost`` says why it cannot be read
    events: list[dict[str, Any]]  # oldest first


@dataclass(frozen=True)
class _Event:
    mail_id: str
    state: str
    attempts: int
    not_before: datetime | None = None
    error: str | None = None


@dataclass(frozen=True)
class Answer:
    """What one attempt came to."""

    mail: ClaimedMail
    outcome: Outcome
    detail: str

    def state(self, max_attempts: int) -> str:
        """sent, queued, failed or unsure."""
        tried = self.mail.attempts + 1
        if self.outcome is Outcome.REJECTED_TEMPORARY:
            return "queued" if tried < max_attempts else "failed"
        known = {Outcome.SENT: "sent", Outcome.REJECTED: "failed", Outcome.UNSURE: "unsure"}
        return known.get(self.outcome, "queued")

    def event(self, now: datetime, max_attempts: int) -> _Event:
        tried, state = self.mail.attempts + 1, self.state(max_attempts)
        if self.outcome in (Outcome.CHANNEL, Outcome.AUTH):
            return _Event(self.mail.mail_id, state, self.mail.attempts, None, self.detail)
        not_before = now + backoff(tried) if state == "queued" else None
        return _Event(self.mail.mail_id, state, tried, not_before, None if state == "sent" else self.detail)


def enqueue(store: Store, mails: Iterable[OutgoingMail]) -> int:
    """Queues what is not known yet; call it in the transaction of the business change. Returns how many were new.

    :param mails: taken as they are composed, so that thousands with their attachments need not lie in memory
    """
    waiting, new = iter(mails), 0
    while portion := list(islice(waiting, _AT_ONCE)):
        new += _enqueue(store, portion)
    return new


def _enqueue(store: Store, mails: Sequence[OutgoingMail]) -> int:
    wanted: dict[str, OutgoingMail] = {}
    for mail in mails:
        wanted.setdefault(mail.dedupe_key, mail)
    known = {r["dedupe_key"] for r in store.rows("list_known_mail_keys", {"keys": list(wanted)})}
    new = [mail for key, mail in wanted.items() if key not in known]
    if not new:
        return 0
    pages = store.letters.add((m.eml for m in new), new[0].queued_at)
    rows = [
        [getattr(m, c) for c in _MAIL] + [getattr(p, c) for c in _PAGE]
        for m, p in zip(new, pages, strict=True)
    ]
    store.append("mail", _MAIL + _PAGE, rows)
    _append(store, [_Event(m.mail_id, "queued", 0) for m in new], [m.queued_at for m in new])
    return len(new)


def recover(store: Store, now: datetime, max_attempts: int) -> int:
    """What a crash or a lost answer left behind; call it when no other delivery runs. Returns the mails touched.

    ``sending`` becomes ``unsure``. An ``unsure`` mail that may be resent is queued again: at once after a crash,
    after the waiting time when the server lost it, never beyond ``max_attempts``. The others wait for a person.
    """
    events = []
    for row in store.rows("list_open_mails"):
        mail_id, attempts, at = row["mail_id"], row["attempts"], row["recorded_at"]
        crashed = row["state"] == "sending"
        if crashed:
            attempts += 1
            events.append(_Event(mail_id, "unsure", attempts, None, "发送时程序中断，不知是否送达"))
        if row["on_unsure"] != "resend":
            continue
        if attempts >= max_attempts:
            events.append(
                _Event(mail_id, "failed", attempts, None, f"已尝试 {attempts} 次，均未得到确认，不再重发")
            )
        else:
            not_before = None if crashed else at + backoff(attempts)
            events.append(_Event(mail_id, "queued", attempts, not_before, None))
    if events:
        _append(store, events, [now] * len(events))
    return len({e.mail_id for e in events})


def list_due(store: Store, now: datetime, limit: int | None = None) -> list[str]:
    """Ids of the mails to send at ``now``, in queue order."""
    return [r["mail_id"] for r in store.rows("list_due_mails", {"now": now, "limit": limit})]


def read_queued(store: Store, mail_ids: Sequence[str], now: datetime) -> dict[str, ClaimedMail]:
    """Those of ``mail_ids`` that are still to be sent at ``now``. Nothing is recorded: see :func:`advance`."""
    rows = store.rows("read_queued_mails", {"mail_ids": list(mail_ids), "now": now})
    return {r["mail_id"]: ClaimedMail(**_with_letter(store.letters, r)) for r in rows}


def claim(store: Store, mail_id: str, now: datetime) -> ClaimedMail | None:
    """Puts one mail into ``sending``; None when it is not due any more. Commit before touching the socket."""
    mail = read_queued(store, [mail_id], now).get(mail_id)
    if mail is not None:
        advance(store, now, sending=mail)
    return mail


def claim_due(store: Store, now: datetime, limit: int = 1) -> list[ClaimedMail]:
    """The next ``limit`` due mails, each put into ``sending``. A crash makes every one of them unsure: take few."""
    claimed = [claim(store, mail_id, now) for mail_id in list_due(store, now, limit)]
    return [c for c in claimed if c is not None]


def settle(
    store: Store, mail: ClaimedMail, outcome: Outcome, detail: str, now: datetime, max_attempts: int
) -> str:
    """Records what the attempt came to and returns the new state: sent, queued, failed or unsure."""
    answer = Answer(mail, outcome, detail)
    advance(store, now, answer, max_attempts=max_attempts)
    return answer.state(max_attempts)


def advance(
    store: Store,
    now: datetime,
    answer: Answer | None = None,
    sending: ClaimedMail | None = None,
    *,
    max_attempts: int = 1,
) -> None:
    """Records how one mail ended and that the next is ``sending``: one statement, so one commit of its own.

    :param sending: as read by :func:`read_queued` while this store was open; others may have changed it since
    """
    events = [answer.event(now, max_attempts)] if answer else []
    if sending is not None:
        events.append(_Event(sending.mail_id, "sending", sending.attempts))
    if events:
        _append(store, events, [now] * len(events))


def backoff(attempts: int) -> timedelta:
    """How long a mail waits after its ``attempts``-th counted attempt: 5 min, doubled each time, at most 4 h."""
    doublings = min(max(attempts, 1) - 1, 10)
    return min(BACKOFF_FIRST * (1 << doublings), BACKOFF_MAX)


def count_by_state(store: Store) -> dict[str, int]:
    """``{state: mails}``; states without mails are absent."""
    return {r["state"]: r["mails"] for r in store.rows("count_mails_by_state")}


def list_mails(store: Store, period: str | None = None, state: str | None = None) -> list[dict[str, Any]]:
    """Rows of mart.mail, newest first."""
    return store.rows("list_mails", {"period": period, "state": state})


def show(store: Store, mail_id: str) -> MailRecord:
    """One mail with its history.

    :raises LedgerError: no such mail
    """
    found = store.rows("read_mail", {"mail_id": mail_id})
    if not found:
        raise LedgerError(f"没有编号为 {mail_id} 的邮件；可用 jibao mail list 查看")
    return MailRecord(
        _with_letter(store.letters, found[0]), store.rows("list_mail_events", {"mail_id": mail_id})
    )


def unreadable(warehouse: Rows, letters: LetterBook) -> dict[str, str]:
    """Letters that are gone from the letter book or were altered there: why, by mail_id."""
    found = {}
    for row in warehouse.rows("list_letters"):
        if lost := _with_letter(letters, row)["lost"]:
            found[row["mail_id"]] = lost
    return found


def list_lost(store: Store) -> list[dict[str, Any]]:
    """Mails a person must look at and no alert was queued for: mail_id, kind, recipient, unit, period, subject,
    state (failed, unsure), error, place (of the event; an alert's dedupe key ends with /mail_id/place).
    """
    return store.rows("list_lost_mails", {"by_person": _BY_PERSON})


def retry(store: Store, mail_id: str, now: datetime, reason: str, actor: str = "") -> None:
    """A person sends a failed mail again, or a waiting one at once, with its Message-ID and fresh attempts.

    :raises LedgerError: no such mail, or it is sent, being sent, or of uncertain fate (see :func:`resolve`)
    """
    state = show(store, mail_id).events[-1]["state"]
    if state not in ("failed", "queued"):
        hint = {
            "sent": "已经发出，不再重发",
            "sending": "正在发送",
            "unsure": "不知是否送达，请先向收件人核实，再用 jibao mail resolve 处理",
        }[state]
        raise LedgerError(f"邮件 {mail_id} {hint}")
    _append(store, [_Event(mail_id, "queued", 0, None, f"人工重发：{reason}")], [now])
    _audit(store, "mail_retry", mail_id, now, reason, actor, state, "queued")


def resolve(
    store: Store, mail_id: str, verdict: Literal["delivered", "resend", "drop"], now: datetime, reason: str,
    actor: str = "",
) -> None:  # fmt: skip
    """A person decides on an ``unsure`` mail: it arrived, it is to be sent again, or it is given up.

    :raises LedgerError: no such mail, or its fate is not uncertain
    """
    last = show(store, mail_id).events[-1]
    if last["state"] != "unsure":
        raise LedgerError(
            f"邮件 {mail_id} 的状态是 {last['state']}，只有 unsure（不知是否送达）的邮件需要人工认定"
        )
    state = {"delivered": "sent", "resend": "queued", "drop": "failed"}[verdict]
    attempts = 0 if verdict == "resend" else last["attempts"]
    _append(store, [_Event(mail_id, state, attempts, None, f"{_BY_PERSON}：{reason}")], [now])
    _audit(store, "mail_resolve", mail_id, now, reason, actor, "unsure", state)


def _audit(
    store: Store, action: str, mail_id: str, now: datetime, reason: str, actor: str, before: str, after: str
) -> None:
    mail = store.rows("read_mail", {"mail_id": mail_id})[0]
    note = audit.Note(
        action, mail_id, now, actor, audit.PERSON, mail["period"], mail["unit"], reason,
        {"state": before}, {"state": after, "recipient": mail["recipient"], "subject": mail["subject"]},
    )  # fmt: skip
    audit.record(store, [note])


def _with_letter(letters: LetterBook, row: dict[str, Any]) -> dict[str, Any]:
    """The row with its letter in the place of where that lies."""
    page = [row.pop(c) for c in _PAGE]
    row["lost"] = ""
    if row["eml"] is None:
        try:
            row["eml"] = letters.read(Page(*page))
        except LetterLost as error:
            row["lost"] = str(error)
    return row


def _append(store: Store, events: Sequence[_Event], times: Sequence[datetime]) -> None:
    columns = zip(*((e.mail_id, e.state, e.attempts, e.not_before, e.error) for e in events), strict=True)
    names = ("mail_ids", "states", "attempts", "not_before", "errors")
    params = dict(zip(names, map(list, columns), strict=True))
    store.run("append_mail_events", params | {"times": list(times)})
