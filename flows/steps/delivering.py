"""Delivering: what the ledger holds queued leaves by mail, one attempt a mail and run.

Belongs here: telling the coordinator of letters that will not arrive by themselves. Does not: sending (flows.mailing.outbox).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from config.language import N_
from flows import clock
from flows.letters import Post
from flows.mailing.outbox import KINDS, DeliveryReport
from flows.mailing.outbox import deliver as send_queued
from flows.office import Office
from warehouse import ledger
from warehouse.ledger import OutgoingMail
from warehouse.store import Store


def deliver(office: Office, as_of: datetime | None = None) -> DeliveryReport:
    """Sends what is due. Ledger times follow ``as_of`` when a past moment is replayed, else the clock.

    The coordinator gets one alert for each letter that was refused for good and for each formal letter of
    unknown fate, in the same delivery; a crash in between only postpones it. Alerts about alerts do not exist.
    """

    def moment() -> datetime:
        return as_of or clock.now()

    def tell(store: Store) -> int:
        lost = ledger.list_lost(store)
        if not lost:
            return 0
        with store.transaction():
            return ledger.enqueue(store, lost_mail_alerts(office, lost, moment()))

    return send_queued(office.store, office.config.settings.mail, office.home.outbox, moment, follow_up=tell)


def lost_mail_alerts(
    office: Office, lost: Sequence[Mapping[str, Any]], as_of: datetime
) -> list[OutgoingMail]:
    """One alert a mail of :func:`warehouse.ledger.list_lost`; its dedupe key ends with the event it is about."""
    post = Post(office, as_of)
    return [_alert(post, row) for row in lost]


def _alert(post: Post, row: Mapping[str, Any]) -> OutgoingMail:
    say, mail_id = post.say, row["mail_id"]
    kind = say(KINDS.get(row["kind"], row["kind"]))
    whose = f"（{post.name_of(row['unit'])}）" if row["unit"] else ""
    lines = [
        say("收件人：%(recipient)s", recipient=row["recipient"]) + whose,
        say("邮件：%(subject)s", subject=row["subject"]),
        say("编号：%(mail_id)s", mail_id=mail_id),
        say("原因：%(error)s", error=say.stored(row["error"] or N_("未记录"))),
    ]
    if row["state"] == "failed":
        title = say("一封%(kind)s没有送达", kind=kind)
        do = say(
            "请核对收件地址。地址写错的，在 HOME/config/contacts.yml 中改正，并用其他方式告知收件人；"
            "地址无误的，联系对方邮箱管理员后运行 jibao mail retry %(mail_id)s --reason 原因。",
            mail_id=mail_id,
        )
    else:
        title = say("一封%(kind)s不知是否送达", kind=kind)
        do = say(
            "请向收件人核实。已收到：jibao mail resolve %(mail_id)s delivered --reason 原因；"
            "没有收到：把 delivered 换成 resend（再发一次）或 drop（不再发）。核实之前系统不会重发。",
            mail_id=mail_id,
        )
    return post.alert(title, lines, do, step=f"mail-lost/{mail_id}/{row['place']}", period=row["period"])
