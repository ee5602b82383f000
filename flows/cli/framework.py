"""What every command shares: --home and --config, exit statuses, how errors are told."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from config.register import ConfigError
from flows import clock, logbook
from flows.cli import usage
from flows.office import Office, open_office
from flows.secrecy import redact

DONE, PROBLEMS, WRONG_USE, FAILED = 0, 1, 2, 3


class Instant(usage.OurType):
    name = "时间"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return clock.parse_instant(str(value))
        except ValueError:
            self.fail(f"{value!r} 不是时间；请写成 2019-10-25 或 2019-10-25T18:00", param, ctx)


class Quarter(usage.OurType):
    name = "报告期"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from config.calendar import period_end

        try:
            period_end(str(value))
        except ValueError:
            self.fail(f"{value!r} 不是报告期；请写成 2019-Q3，按年报送的写成 2019-A1", param, ctx)
        return str(value)


class OutFile(usage.OurType, click.Path):
    """A file to write: its folder is there, and it is none itself."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        if _is_folder(path):
            self.fail(f"{path} 是文件夹，请写文件名，例如 {path / '结果.csv'}", param, ctx)
        if not _is_folder(path.parent):
            self.fail(f"文件夹 {path.parent} 不存在或不能进入，请先建立或改写路径", param, ctx)
        return path


class OutFolder(usage.OurType, click.Path):
    """A folder to write into; what is lacking of it is made, so nothing on its way may be a file."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, file_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        for one in (path, *path.absolute().parents):
            if _is_folder(one) is False:
                self.fail(f"{one} 是文件，不是文件夹，请改写路径", param, ctx)
        return path


def _is_folder(path: Path) -> bool | None:
    """None: nothing is there, or nobody may look; writing tells the latter as what it is."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return None


def command(
    parent: click.Group | None = None, **settings: Any
) -> Callable[[Callable[..., int | None]], click.Command]:
    """Registers a command that takes --home and --config and answers with an exit status."""

    def decorate(function: Callable[..., int | None]) -> click.Command:
        @wraps(function)
        def guarded(home: Path | None, config: Path | None, **options: Any) -> None:
            try:
                code = function(home=home, config=config, **options)
            except ConfigError as error:
                click.echo(f"配置有误：{error}", err=True)
                code = WRONG_USE
            except KeyboardInterrupt:
                click.echo("已中断；已提交的数据都在，重新运行即可继续。", err=True)
                code = FAILED
            except Exception as error:  # the last edge: one line for the reader, the trace for the log
                code = _refused(error) or _component_failed(error, home)
            sys.exit(code or DONE)

        options = click.option(
            "--config", type=click.Path(path_type=Path, exists=True, file_okay=False), envvar="JIBAO_CONFIG",
            help="配置目录；默认为随程序发布的梅州方案，HOME/config/ 中的文件优先。",
        )  # fmt: skip
        place = click.option(
            "--home", type=OutFolder(), envvar="JIBAO_HOME",
            help="工作目录（环境变量 JIBAO_HOME）；默认 ./var。",
        )  # fmt: skip
        return (parent or group).command(**settings)(place(options(guarded)))

    return decorate


def _refused(error: Exception) -> int:
    """A decision that cannot be taken now, a quarter never opened, words that do not go together: wrong use.

    0 when ``error`` is something else.
    """
    from flows.steps.deciding import DecisionRefused
    from flows.steps.viewing import NotOpened

    if not isinstance(error, DecisionRefused | NotOpened | click.UsageError):
        return 0
    click.echo(str(error), err=True)
    return WRONG_USE


def _component_failed(error: Exception, home: Path | None) -> int:
    """One line for the reader; the trace goes to HOME/logs, where the operator looks. No secret in either."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    from flows import troubles  # knows DuckDB: not paid for by commands that go well

    first = troubles.line_for(error) or first
    logs = (home or Path("./var")) / "logs"
    click.echo(redact(f"没有完成：{first}"), err=True)
    # A full disk or a folder of somebody else's takes no trace either: nobody is sent to look for it there.
    if logs.is_dir() and logbook.failure(logs, "command_failed", error, command=" ".join(sys.argv[1:2])):
        click.echo(f"详情见 {logs / logbook.FILE}", err=True)
    return FAILED


def office_of(home: Path | None, config: Path | None, as_of: datetime | None = None) -> Office:
    """The office of a command, its home created.

    :raises DecisionRefused: ``as_of``, as somebody typed it, is out of all reason
    """
    office = open_office(home, config, trigger="命令行")
    if as_of is not None:
        from flows.steps.deciding import check_moment

        check_moment(office, as_of)
    office.home.create()
    return office


def check_planned(office: Office, period: str) -> None:
    """A period mistyped would ask every unit by letter for figures that nobody owes; forms refuse it likewise."""
    plan = office.config.plan
    if not plan.covers(period):
        raise click.UsageError(
            f"{period} 不是本方案的报告期；本方案从 {plan.start_period} 到 {plan.end_period}，请核对后重新运行"
        )


def check_server() -> None:
    """Without an address Prefect would start a server for the while, and all that was registered would go with it."""
    from prefect.settings import get_current_settings  # the environment or the profile in use

    if not get_current_settings().api.url:
        raise click.UsageError(
            "没有写明登记到哪个 Prefect 服务；请设置环境变量 PREFECT_API_URL（例如 http://127.0.0.1:4200/api）"
            "后重新运行；jibao up 自带服务，不必登记"
        )


period_option = click.option("--period", type=Quarter(), required=True, help="报告期，例如 2019-Q3。")
as_of_option = click.option(
    "--as-of", type=Instant(), default=None, help="以哪个时刻为准（2019-10-25 即当日 9:00）；默认现在。"
)
inbox_option = click.option(
    "--inbox", type=click.Path(path_type=Path, exists=True, file_okay=False), default=None,
    help="另一个收件目录（按单位分文件夹）；其中的文件只读取，不移走。默认 HOME/inbox。",
)  # fmt: skip


@click.group(name="jibao", cls=usage.Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jibao", prog_name="jibao")
def group() -> None:
    """季报：按季收数、校验、测算完成率、催报、通报。"""
