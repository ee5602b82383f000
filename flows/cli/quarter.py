"""The quarter's work: open, collect, remind, report, the whole cycle, status."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows import clock
from flows.cli.framework import (
    DONE,
    FAILED,
    PROBLEMS,
    as_of_option,
    check_planned,
    command,
    inbox_option,
    office_of,
    period_option,
)

if TYPE_CHECKING:
    from flows.mailing.outbox import DeliveryReport
    from flows.office import Office
    from flows.steps import ReportResult


@command(name="open")
@period_option
@as_of_option
def open_command(home: Path | None, config: Path | None, period: str, as_of: datetime | None) -> int:
    """开启一个报告期：冻结应报项，生成各单位填报工作簿，寄出开报通知。"""
    from flows import steps

    office = office_of(home, config, as_of)
    check_planned(office, period)
    result = steps.open_cycle(office, period, as_of or clock.now())
    delivery = steps.deliver(office, as_of)
    click.echo(
        f"{period} 已开启：应报 {result.obligations} 项，截止 {result.due_at:%Y-%m-%d %H:%M}，"
        f"工作簿 {result.workbooks} 份在 {office.home.workbooks(period)}，通知 {result.mails} 封"
    )
    return _told_of_mail(delivery, DONE)


@command(name="collect")
@inbox_option
@as_of_option
def collect_command(
    home: Path | None, config: Path | None, inbox: Path | None, as_of: datetime | None
) -> int:
    """收取投递目录中的文件：读取、校验、入库，并寄出回执或退回。"""
    from flows import steps

    result = steps.collect(office_of(home, config, as_of), as_of or clock.now(), inbox=inbox)
    _show_collected(result)
    return _told_of_mail(result.delivery, PROBLEMS if result.has_problems else DONE)


@command(name="remind")
@as_of_option
def remind_command(home: Path | None, config: Path | None, as_of: datetime | None) -> int:
    """按工作日历发出今天应发的催报。"""
    from flows import steps

    result = steps.remind(office_of(home, config, as_of), as_of or clock.now())
    for line in result.lines:
        click.echo(line)
    click.echo(f"催报 {result.queued} 封，已寄出 {result.sent} 封")
    return DONE


@command(name="report")
@period_option
@as_of_option
@click.option("--send", is_flag=True, help="寄出通报；不加则只生成、不寄。")
def report_command(
    home: Path | None, config: Path | None, period: str, as_of: datetime | None, send: bool
) -> int:
    """重新测算并生成通报。"""
    from flows import steps

    office, moment = office_of(home, config, as_of), as_of or clock.now()
    result = steps.report(office, period, moment, send=send)
    if send:
        _signed(office, result, moment)
    _show_reported(result)
    return _told_of_mail(result.delivery, DONE)


@command(name="cycle")
@period_option
@inbox_option
@as_of_option
@click.option("--send", is_flag=True, help="寄出回执、退回和通报；不加则只排队、不寄。")
def cycle_command(
    home: Path | None,
    config: Path | None,
    period: str,
    inbox: Path | None,
    as_of: datetime | None,
    send: bool,
) -> int:
    """一次走完：开启、收取、校验、测算、通报（不需要服务器）。"""
    from flows import steps

    office = office_of(home, config, as_of)
    moment = as_of or clock.now()
    check_planned(office, period)
    result = steps.run_cycle(office, period, moment, inbox=inbox, send=send)
    if send:
        _signed(office, result.reported, moment)
    _show_collected(result.collected)
    _show_reported(result.reported)
    return _told_of_mail(result.reported.delivery, PROBLEMS if result.collected.has_problems else DONE)


@command(name="status")
@period_option
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def status_command(
    home: Path | None, config: Path | None, period: str, as_of: datetime | None, as_json: bool
) -> int:
    """谁还欠报、谁迟报、哪些被退回或暂存。"""
    from flows import steps
    from flows.answers.listing import status_lines

    view = steps.status(office_of(home, config), period, as_of or clock.now())
    if as_json:
        click.echo(json.dumps(view, ensure_ascii=False, indent=1, default=str))
    else:
        click.echo("\n".join(status_lines(view)))
    return DONE


def _signed(office: Office, result: ReportResult, moment: datetime) -> None:
    """Whoever types --send signs; the decision is on record as the command line's."""
    from flows.steps import deciding

    deciding.approve(office, result.period, "命令行", "", result.digest, moment)


def _told_of_mail(delivery: DeliveryReport | None, otherwise: int) -> int:
    """Mail that could not leave is said in one line; it stays queued and leaves with the next delivery."""
    if delivery is None or delivery.paused_reason is None:
        return otherwise
    if delivery.is_elsewhere:
        # How many are queued is not known here: the other one holds the queue and is emptying it.
        click.echo(f"{delivery.paused_reason}：排队的邮件由那一次寄出，没赶上的下次自动再寄", err=True)
        return otherwise
    click.echo(
        f"邮件没有全部寄出，{delivery.queued} 封仍在排队，下次自动再寄：{delivery.paused_reason}", err=True
    )
    return FAILED


def _show_collected(result: Any) -> None:
    click.echo(
        f"收取：接收 {result.accepted + result.accepted_with_warnings} 份"
        f"（其中需说明 {result.accepted_with_warnings} 份），退回 {result.returned} 份，"
        f"暂存 {result.quarantined} 份，重复 {result.duplicates} 份，待稳定 {len(result.waiting)} 份"
    )
    for line in result.lines:
        if line["status"] in ("returned", "quarantined"):
            click.echo(
                f"  {line['label']}  {line['unit'] or '(无主文件夹)'}  {line['file_name']}  {line['reason']}"
            )


def _show_reported(result: Any) -> None:
    from templates import formats

    head = result.headline
    click.echo(
        f"通报 {result.period}：已达成 {head['met']}，正常 {head['green']}，滞后 {head['yellow']}，"
        f"严重滞后 {head['red']}，无法判断 {head['none']}"
    )
    if result.plan_score.get("score_pct") is not None:
        score = result.plan_score
        click.echo(
            f"  综合进度 {formats.percent(score['score_pct'])}，计入 {score['scored']} 项；权重 {score['weights']}"
        )
    click.echo(f"  {result.summary}")
