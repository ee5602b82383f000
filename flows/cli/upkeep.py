"""The operator's commands: init, doctor, backup, restore, demo, up."""

from __future__ import annotations

import os
from pathlib import Path

import click

from flows import clock
from flows.cli.framework import DONE, PROBLEMS, Quarter, command, office_of


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
    from flows.service import up

    office = office_of(home, config)
    settings = office.config.settings.prefect
    return up.run(
        home=office.home.root, config=config, host=host or settings.host, port=port or settings.port,
        site_port=site_port or settings.site_port, smtp_port=smtp_port or settings.smtp_port,
    )  # fmt: skip


@command(name="deploy")
@click.option("--pool", default="jibao", show_default=True, help="工作池名称；没有就建立（process 型）。")
def deploy_command(home: Path | None, config: Path | None, pool: str) -> int:
    """把全部任务、写入限额和自动规则登记到已有的 Prefect 服务（PREFECT_API_URL），由 worker 办理。"""
    from flows import deployments

    office = office_of(home, config)
    # The drop-downs are read from the register that these name.
    os.environ["JIBAO_HOME"] = str(office.home.root)
    if config:
        os.environ["JIBAO_CONFIG"] = str(config.absolute())
    for name in deployments.deploy(pool):
        click.echo(f"已登记 {name}")
    click.echo(f"请在装有同一工作目录的机器上运行：prefect worker start --pool {pool}")
    return DONE


@command(name="render")
@click.option("--check", "only_check", is_flag=True, required=True, help="只检查，不写文件。")
def render_command(home: Path | None, config: Path | None, only_check: bool) -> int:
    """检查模板：逐个用样例填写，指出有误的文件、行和变量。"""
    from flows.rendering import check

    found = check(office_of(home, config))
    for one in found:
        for line in one.lines:
            click.echo(line)
    return PROBLEMS if any(one.problems for one in found) else DONE
