"""The coordinator's decisions at a shell: recheck, extend, return, close, reopen. The Prefect UI has them as forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows import clock
from flows.cli.framework import (
    DONE,
    PROBLEMS,
    Instant,
    as_of_option,
    command,
    office_of,
    period_option,
)

if TYPE_CHECKING:
    from flows.office import Office

actor_option = click.option("--actor", required=True, help="经办人姓名，记入台账。")
reason_option = click.option("--reason", required=True, help="理由，记入台账。")


@command(name="recheck")
@period_option
@as_of_option
@click.option("--no-send", is_flag=True, help="只重新校验、排队，不寄出邮件。")
def recheck_command(
    home: Path | None, config: Path | None, period: str, as_of: datetime | None, no_send: bool
) -> int:
    """规则或门限改动后，把一个报告期的现行报送全部重新校验；只通知结论有变的单位。"""
    from flows.steps import deciding
    from flows.steps.rechecking import recheck

    office = office_of(home, config)
    # As the form does: new verdicts would leave on a published quarter.
    deciding.check_not_closed(office, period)
    result = recheck(office, period, as_of or clock.now(), send=not no_send)
    click.echo(
        f"重新校验 {result.files} 份（规则版本 {result.rules_version}），结论有变 {len(result.changed)} 份"
    )
    for line in result.changed:
        click.echo(f"  {line['unit']}  {line['receipt_no']}  {line['label']}  {line['reason']}")
    for receipt_no in result.unread:
        click.echo(f"  {receipt_no}  归档文件读不出来，请检查 HOME/archive")
    return PROBLEMS if result.changed or result.unread else DONE


@command(name="extend")
@period_option
@click.option("--unit", required=True, help="填报单位的编码或名称。")
@click.option("--until", type=Instant(), required=True, help="新的截止时间，例如 2019-10-25T18:00。")
@actor_option
@reason_option
def extend_command(
    home: Path | None, config: Path | None, period: str, unit: str, until: datetime, actor: str, reason: str
) -> int:
    """给一个单位延期；催报和及时率都按新的截止时间。"""
    from flows.steps import deciding

    office = office_of(home, config)
    return _decide(
        lambda: deciding.extend(office, period, unit, until, actor, reason, clock.now()),
        f"{period} {unit} 已延期到 {until:%Y-%m-%d %H:%M}",
        office,
    )


@command(name="return")
@click.argument("receipt_no", metavar="回执号")
@click.option("--code", "reason_code", required=True, help="理由代码；写错时会列出可用的代码。")
@actor_option
@reason_option
def return_command(
    home: Path | None, config: Path | None, receipt_no: str, reason_code: str, actor: str, reason: str
) -> int:
    """退回一份已通过校验的报送；其数据撤回，单位重新欠报，理由寄给单位。"""
    from flows.steps import deciding

    office = office_of(home, config)
    return _decide(
        lambda: deciding.return_submission(office, receipt_no, actor, reason_code, reason, clock.now()),
        f"{receipt_no} 已退回",
        office,
    )


@command(name="close")
@period_option
@actor_option
@reason_option
def close_command(home: Path | None, config: Path | None, period: str, actor: str, reason: str) -> int:
    """关闭一个报告期；之后投递的文件留待处理，已发布的通报不再变动。"""
    from flows.steps import deciding

    office = office_of(home, config)
    return _decide(lambda: deciding.close(office, period, actor, reason, clock.now()), f"{period} 已关闭")


@command(name="reopen")
@period_option
@actor_option
@reason_option
def reopen_command(home: Path | None, config: Path | None, period: str, actor: str, reason: str) -> int:
    """重新开启已关闭的报告期；此后的变动在通报中列为重述。"""
    from flows.steps import deciding

    office = office_of(home, config)
    return _decide(
        lambda: deciding.reopen(office, period, actor, reason, clock.now()),
        f"{period} 已重新开启；关闭期间存档的文件请用 jibao recheck --period {period} 校验",
    )


def _decide(decision: Callable[[], object], done: str, tells: Office | None = None) -> int:
    """Takes the decision and says so; ``tells``: the office whose letters about it leave at once."""
    from flows import steps

    decision()
    click.echo(done)
    if tells is not None:
        steps.deliver(tells)
    return DONE
