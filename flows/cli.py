"""The command line: parses words, calls one use case, prints what people need, sets the exit status.

Belongs here: options, output, exit codes. Does not: any rule of the reporting cycle (flows.steps).
"""

from __future__ import annotations

import contextlib
import json
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from config.register import ConfigError
from flows import clock

DONE, PROBLEMS, WRONG_USE, FAILED = 0, 1, 2, 3


class Instant(click.ParamType):
    name = "时间"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return clock.parse_instant(str(value))
        except ValueError:
            self.fail(f"{value!r} 不是时间;请写成 2019-10-25 或 2019-10-25T18:00", param, ctx)


class Quarter(click.ParamType):
    name = "报告期"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from config.calendar import quarter_end

        try:
            quarter_end(str(value))
        except ValueError:
            self.fail(f"{value!r} 不是报告期;请写成 2019-Q3", param, ctx)
        return str(value)


def command(**settings: Any) -> Callable[[Callable[..., int | None]], click.Command]:
    """Registers a command that takes --home and --config and answers with an exit status."""

    def decorate(function: Callable[..., int | None]) -> click.Command:
        @wraps(function)
        def guarded(home: Path | None, config: Path | None, **options: Any) -> None:
            try:
                code = function(home=home, config=config, **options)
            except ConfigError as error:
                click.echo(f"配置有误:{error}", err=True)
                code = WRONG_USE
            except KeyboardInterrupt:
                click.echo("已中断;已提交的数据都在,重新运行即可继续。", err=True)
                code = FAILED
            except Exception as error:  # the last edge: one line for the reader, the trace for the log
                code = _component_failed(error, home)
            sys.exit(code or DONE)

        options = click.option(
            "--config", type=click.Path(path_type=Path, exists=True, file_okay=False), envvar="JIBAO_CONFIG",
            help="配置目录;默认为随程序发布的梅州方案,HOME/config/ 中的文件优先。",
        )  # fmt: skip
        place = click.option(
            "--home", type=click.Path(path_type=Path, file_okay=False), envvar="JIBAO_HOME",
            help="工作目录(环境变量 JIBAO_HOME);默认 ./var。",
        )  # fmt: skip
        return group.command(**settings)(place(options(guarded)))

    return decorate


def _component_failed(error: Exception, home: Path | None) -> int:
    """One line for the reader; the trace goes to HOME/logs, where the operator looks."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    click.echo(f"没有完成:{first}", err=True)
    log = (home or Path("./var")) / "logs" / "jibao.log"
    if log.parent.is_dir():
        with contextlib.suppress(OSError), log.open("a", encoding="utf-8") as file:
            file.write(
                f"{clock.now().isoformat()} {' '.join(sys.argv[1:2])}\n{''.join(traceback.format_exception(error))}\n"
            )
        click.echo(f"详情见 {log}", err=True)
    return FAILED


def office_of(home: Path | None, config: Path | None) -> Any:
    from flows.office import open_office

    office = open_office(home, config, trigger="命令行")
    office.home.create()
    return office


period_option = click.option("--period", type=Quarter(), required=True, help="报告期,例如 2019-Q3。")
as_of_option = click.option(
    "--as-of", type=Instant(), default=None, help="以哪个时刻为准(2019-10-25 即当日 9:00);默认现在。"
)
inbox_option = click.option(
    "--inbox", type=click.Path(path_type=Path, exists=True, file_okay=False), default=None,
    help="另一个收件目录(按单位分文件夹);其中的文件只读取,不移走。默认 HOME/inbox。",
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jibao", prog_name="jibao")
def group() -> None:
    """季报:按季收数、校验、测算完成率、催报、通报。"""


@command(name="plan")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def plan_command(home: Path | None, config: Path | None, as_json: bool) -> int:
    """校验并打印方案登记册(领域、措施、指标、单位)。"""
    from flows.listing import plan_document, plan_lines

    office = office_of(home, config)
    if as_json:
        click.echo(json.dumps(plan_document(office.config), ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(plan_lines(office.config)))
    return DONE


@command(name="init")
def init_command(home: Path | None, config: Path | None) -> int:
    """建立工作目录,并把可修改的配置复制进去(已有的文件不覆盖)。"""
    from flows import upkeep

    office = office_of(home, config)
    for line in upkeep.init(office):
        click.echo(line)
    return DONE


@command(name="doctor")
def doctor_command(home: Path | None, config: Path | None) -> int:
    """逐项检查配置、联系人、目录、邮件、仓库,每行说明怎么处理。"""
    from flows import upkeep

    checks = upkeep.doctor(office_of(home, config))
    for check in checks:
        click.echo(f"{'正常' if check.ok else '注意'}  {check.text}")
    return DONE if all(c.ok for c in checks) else PROBLEMS


@command(name="open")
@period_option
@as_of_option
def open_command(home: Path | None, config: Path | None, period: str, as_of: datetime | None) -> int:
    """开启一个报告期:冻结应报项,生成各单位填报工作簿,寄出开报通知。"""
    from flows import steps

    office = office_of(home, config)
    result = steps.open_cycle(office, period, as_of or clock.now())
    steps.deliver(office, as_of)
    click.echo(
        f"{period} 已开启:应报 {result.obligations} 项,截止 {result.due_at:%Y-%m-%d %H:%M},"
        f"工作簿 {result.workbooks} 份在 {office.home.workbooks(period)},通知 {result.mails} 封"
    )
    return DONE


@command(name="collect")
@inbox_option
@as_of_option
def collect_command(
    home: Path | None, config: Path | None, inbox: Path | None, as_of: datetime | None
) -> int:
    """收取投递目录中的文件:读取、校验、入库,并寄出回执或退回。"""
    from flows import steps

    result = steps.collect(office_of(home, config), as_of or clock.now(), inbox=inbox)
    _show_collected(result)
    return PROBLEMS if result.has_problems else DONE


@command(name="remind")
@as_of_option
def remind_command(home: Path | None, config: Path | None, as_of: datetime | None) -> int:
    """按工作日历发出今天应发的催报。"""
    from flows import steps

    result = steps.remind(office_of(home, config), as_of or clock.now())
    for line in result.lines:
        click.echo(line)
    click.echo(f"催报 {result.queued} 封,已寄出 {result.sent} 封")
    return DONE


@command(name="report")
@period_option
@as_of_option
@click.option("--send", is_flag=True, help="寄出通报;不加则只生成、不寄。")
def report_command(
    home: Path | None, config: Path | None, period: str, as_of: datetime | None, send: bool
) -> int:
    """重新测算并生成通报。"""
    from flows import steps

    result = steps.report(office_of(home, config), period, as_of or clock.now(), send=send)
    _show_reported(result)
    return DONE


@command(name="cycle")
@period_option
@inbox_option
@as_of_option
@click.option("--send", is_flag=True, help="寄出回执、退回和通报;不加则只排队、不寄。")
def cycle_command(
    home: Path | None,
    config: Path | None,
    period: str,
    inbox: Path | None,
    as_of: datetime | None,
    send: bool,
) -> int:
    """一次走完:开启、收取、校验、测算、通报(不需要服务器)。"""
    from flows import steps

    office = office_of(home, config)
    result = steps.run_cycle(office, period, as_of or clock.now(), inbox=inbox, send=send)
    _show_collected(result.collected)
    _show_reported(result.reported)
    return PROBLEMS if result.collected.has_problems else DONE


@command(name="status")
@period_option
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def status_command(
    home: Path | None, config: Path | None, period: str, as_of: datetime | None, as_json: bool
) -> int:
    """谁还欠报、谁迟报、哪些被退回或暂存。"""
    from flows import steps
    from flows.listing import status_lines

    view = steps.status(office_of(home, config), period, as_of or clock.now())
    if as_json:
        click.echo(json.dumps(view, ensure_ascii=False, indent=1, default=str))
    else:
        click.echo("\n".join(status_lines(view)))
    return DONE


@command(name="attain")
@click.argument("table", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--method", type=click.Choice(["linear", "cagr"]), default="linear", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="结果写入的 CSV;默认打印。"
)
def attain_command(home: Path | None, config: Path | None, table: Path, method: str, out: Path | None) -> int:
    """按同一套公式为一张表(基期、现值、目标)计算进度。"""
    from flows.attain import attain
    from warehouse.scoring import TableError

    try:
        text = attain(table, method)
    except TableError as error:
        click.echo(f"{table.name}:{error}", err=True)
        return WRONG_USE
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, "utf-8")
    return DONE


@command(name="export")
@period_option
@click.option("--format", "form", type=click.Choice(["csv", "parquet", "xlsx"]), required=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="输出目录。")
def export_command(home: Path | None, config: Path | None, period: str, form: str, out: Path) -> int:
    """把与邮件相同的数字导出为文件。"""
    from flows.export import export

    for path in export(office_of(home, config), period, form, out):
        click.echo(str(path))
    return DONE


@command(name="backup")
def backup_command(home: Path | None, config: Path | None) -> int:
    """把仓库、归档、配置备份成一个文件,并当场核验。"""
    from flows import upkeep

    click.echo(f"备份已核验:{upkeep.backup(office_of(home, config), clock.now())}")
    return DONE


@command(name="restore")
@click.argument("archive", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore_command(home: Path | None, config: Path | None, archive: Path) -> int:
    """核验备份文件后恢复;原有内容移到 HOME/backups/ 下,不删除。"""
    from flows import upkeep

    office = office_of(home, config)
    click.echo(f"已恢复;原内容在 {upkeep.restore(office, archive, clock.now())}")
    return DONE


@command(name="demo")
@click.option("--period", type=Quarter(), default="2019-Q3", show_default=True, help="演示的报告期。")
def demo_command(home: Path | None, config: Path | None, period: str) -> int:
    """在空的工作目录里用随程序发布的样例走完一个季度。"""
    from flows.demo import run_demo

    for line in run_demo(office_of(home, config), period, echo=click.echo):
        click.echo(line)
    return DONE


@command(name="up")
@click.option("--host", default=None, help="监听地址;默认 127.0.0.1。")
@click.option("--port", type=int, default=None, help="Prefect 界面端口;默认 4200。")
@click.option("--site-port", type=int, default=None, help="通报站点端口;默认 4280。")
@click.option("--smtp-port", type=int, default=None, help="内置收信端口;默认 1025。")
def up_command(
    home: Path | None, config: Path | None, host: str | None, port: int | None, site_port: int | None,
    smtp_port: int | None,
) -> int:  # fmt: skip
    """启动服务:Prefect、定时与手工任务、投递目录监视、通报站点、内置收信,直到 Ctrl-C。"""
    from flows import up

    office = office_of(home, config)
    settings = office.config.settings.prefect
    return up.run(
        home=office.home.root, config=config, host=host or settings.host, port=port or settings.port,
        site_port=site_port or settings.site_port, smtp_port=smtp_port or settings.smtp_port,
    )  # fmt: skip


def _show_collected(result: Any) -> None:
    click.echo(
        f"收取:接收 {result.accepted + result.accepted_with_warnings} 份"
        f"(其中需说明 {result.accepted_with_warnings} 份),退回 {result.returned} 份,"
        f"暂存 {result.quarantined} 份,重复 {result.duplicates} 份,待稳定 {len(result.waiting)} 份"
    )
    for line in result.lines:
        if line["status"] in ("returned", "quarantined"):
            click.echo(
                f"  {line['label']}  {line['unit'] or '(无主文件夹)'}  {line['file_name']}  {line['reason']}"
            )


def _show_reported(result: Any) -> None:
    head = result.headline
    click.echo(
        f"通报 {result.period}:已达成 {head['met']},正常 {head['green']},滞后 {head['yellow']},"
        f"严重滞后 {head['red']},无法判断 {head['none']}"
    )
    click.echo(f"  {result.summary}")


def main() -> None:
    """Entry point of the ``jibao`` script."""
    group(prog_name="jibao")
