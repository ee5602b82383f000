"""``jibao mail``: the queue as people see it, and a person's word on mails the program must not decide about.

Belongs here: options, lines, exit codes of the mail commands. Does not: the state machine (warehouse.ledger).

"""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import click

from config.calendar import SHANGHAI
from flows import clock
from flows.cli.framework import DONE, PROBLEMS, WRONG_USE, Quarter, command, group, office_of
from flows.mailing.outbox import KINDS
from warehouse import ledger
from warehouse.ledger import LedgerError
from warehouse.store import Store

STATES = {"queued": "待发", "sending": "正在发", "sent": "已发", "failed": "失败", "unsure": "不明"}
_NEED_A_PERSON = ("failed", "unsure")
_SHOWN_HEADERS = ("From", "To", "Subject", "Date", "Message-ID")

json_option = click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
reason_option = click.option("--reason", required=True, help="理由，记入台账。")
actor_option = click.option("--actor", default="", help="经办人姓名，记入审计日志；默认为本机用户。")


@group.group(name="mail")
def mail_group() -> None:
    """查看邮件台账，重发失败的邮件，认定不知是否送达的邮件。"""


@command(mail_group, name="list")
@click.option("--period", type=Quarter(), default=None, help="只看这个报告期，例如 2019-Q3。")
@click.option("--state", type=click.Choice(list(STATES)), default=None, help="只看这种状态。")
@json_option
def list_command(
    home: Path | None, config: Path | None, period: str | None, state: str | None, as_json: bool
) -> int:
    """列出邮件，新的在前；有失败或不明的邮件时退出码为 1。"""
    with office_of(home, config).reader() as reader:
        rows = reader.rows("list_mails", {"period": period, "state": state})
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1, default=_plain))
    else:
        for row in rows:
            click.echo(_line(row))
        click.echo(_totals(rows))
    return PROBLEMS if any(r["state"] in _NEED_A_PERSON for r in rows) else DONE


@command(mail_group, name="show")
@click.argument("mail_id", metavar="编号")
@json_option
def show_command(home: Path | None, config: Path | None, mail_id: str, as_json: bool) -> int:
    """显示一封邮件：信头、经过、正文（文字部分）、附件名称。"""
    with office_of(home, config).store() as store:
        try:
            record = ledger.show(store, mail_id)
        except LedgerError as error:
            return _refused(error)
    lost = record.mail["lost"]
    letter = email.message_from_bytes(record.mail["eml"] or b"", policy=email.policy.default)
    body = letter.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    attached = [part.get_filename() or "" for part in letter.iter_attachments()]
    if as_json:
        shown = {k: v for k, v in record.mail.items() if k != "eml"}
        shown |= {"events": record.events, "text": text, "attachments": attached}
        click.echo(json.dumps(shown, ensure_ascii=False, indent=1, default=_plain))
        return DONE
    headers = {"To": record.mail["recipient"], "Subject": record.mail["subject"]} if lost else letter
    for name in _SHOWN_HEADERS:
        if name in headers:
            click.echo(f"{name}: {headers[name]}")
    click.echo(f"类别：{KINDS.get(record.mail['kind'], record.mail['kind'])}")
    click.echo("经过：")
    for event in record.events:
        click.echo(_event_line(event))
    if lost:
        click.echo(f"原文：{lost}")
        return PROBLEMS
    click.echo(f"附件：{'、'.join(attached) or '无'}")
    click.echo(f"\n{_printable(text)}")
    return DONE


@command(mail_group, name="retry")
@click.argument("mail_id", metavar="编号")
@reason_option
@actor_option
def retry_command(home: Path | None, config: Path | None, mail_id: str, reason: str, actor: str) -> int:
    """把失败的邮件重新排队，或让等待中的邮件不再等待；内容与编号不变。"""
    return _decide(
        home, config, lambda store, now: ledger.retry(store, mail_id, now, reason, actor), mail_id, reason
    )


@command(mail_group, name="resolve")
@click.argument("mail_id", metavar="编号")
@click.argument("verdict", metavar="结论", type=click.Choice(["delivered", "resend", "drop"]))
@reason_option
@actor_option
def resolve_command(
    home: Path | None,
    config: Path | None,
    mail_id: str,
    verdict: Literal["delivered", "resend", "drop"],
    reason: str,
    actor: str,
) -> int:
    """认定不知是否送达的邮件：delivered 已送达，resend 再发一次，drop 不再发。"""
    return _decide(
        home,
        config,
        lambda store, now: ledger.resolve(store, mail_id, verdict, now, reason, actor),
        mail_id,
        reason,
    )


def _decide(
    home: Path | None,
    config: Path | None,
    change: Callable[[Store, datetime], None],
    mail_id: str,
    reason: str,
) -> int:
    if not reason.strip():
        click.echo("--reason 不能为空：理由要记入台账", err=True)
        return WRONG_USE
    with office_of(home, config).store() as store:
        try:
            with store.transaction():
                change(store, clock.now())
        except LedgerError as error:
            return _refused(error)
        state = ledger.show(store, mail_id).events[-1]["state"]
    after = "，下次发送时寄出" if state == "queued" else ""
    click.echo(f"邮件 {mail_id} 现在的状态：{STATES[state]}{after}")
    return DONE


def _refused(error: LedgerError) -> int:
    click.echo(str(error), err=True)
    return WRONG_USE


def _line(row: Mapping[str, Any]) -> str:
    said = f"  {row['last_error']}" if row["last_error"] and row["state"] != "sent" else ""
    kind = KINDS.get(row["kind"], row["kind"])
    return (
        f"{row['mail_id']}  {STATES[row['state']]}  {_time(row['sent_at'] or row['queued_at'])}  {kind}  "
        f"{row['recipient']}  {row['subject']}{said}"
    )


def _totals(rows: list[dict[str, Any]]) -> str:
    counts = {s: sum(r["state"] == s for r in rows) for s in STATES}
    parts = "，".join(f"{STATES[s]} {n} 封" for s, n in counts.items() if n)
    return f"共 {len(rows)} 封" + (f"：{parts}" if parts else "")


def _event_line(event: Mapping[str, Any]) -> str:
    waits = f"，{_time(event['not_before'])} 之后再发" if event["not_before"] else ""
    said = f"：{event['error']}" if event["error"] else ""
    return (
        f"  {_time(event['recorded_at'])}  {STATES[event['state']]}（第 {event['attempts']} 次）{said}{waits}"
    )


def _time(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _plain(value: Any) -> str:
    return value.astimezone(SHANGHAI).isoformat() if isinstance(value, datetime) else str(value)


def _printable(text: str) -> str:
    """A letter quotes what units wrote: nothing of it may steer the terminal."""
    return "".join(c for c in text if c == "\n" or c.isprintable())
