"""The operator's commands: init, doctor, backup, restore, rebuild, audit, demo, up."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from pathlib import Path

import click

from flows import clock
from flows.cli.framework import (
    DONE,
    PROBLEMS,
    WRONG_USE,
    OutFolder,
    Quarter,
    check_planned,
    check_server,
    command,
    group,
    office_of,
)
from flows.home import Home

_PORT = click.IntRange(1, 65535)


@command(name="init")
def init_command(home: Path | None, config: Path | None) -> int:
    """建立工作目录，并把可修改的配置复制进去（已有的文件不覆盖）。"""
    from flows import upkeep

    office = office_of(home, config)
    for line in upkeep.init(office):
        click.echo(line)
    return DONE


@command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def doctor_command(home: Path | None, config: Path | None, as_json: bool) -> int:
    """逐项检查配置、联系人、目录、权限、磁盘、仓库、审计日志、备份、邮件、时钟，每行说明怎么处理。"""
    from flows import upkeep

    checks = upkeep.doctor(office_of(home, config), clock.now())
    if as_json:
        click.echo(json.dumps([asdict(c) for c in checks], ensure_ascii=False, indent=1))
    else:
        for check in checks:
            click.echo(f"{'正常' if check.ok else '注意'}  {check.text}")
    return DONE if all(c.ok for c in checks) else PROBLEMS


@command(name="backup")
@click.option("--tidy", is_flag=True, help="备份后按 settings.yml 的 keep 一节清理过期的备份、日志和副本。")
def backup_command(home: Path | None, config: Path | None, tidy: bool) -> int:
    """把仓库、归档、审计日志、配置备份成一个文件，并当场核验。"""
    from flows import upkeep

    if tidy:
        done = upkeep.maintain(office_of(home, config), clock.now())
        click.echo(f"备份已核验：{done.backup}；清理过期文件 {done.removed} 个")
        return DONE
    click.echo(f"备份已核验：{upkeep.backup(office_of(home, config), clock.now())}")
    return DONE


@command(name="restore")
@click.argument("archive", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore_command(home: Path | None, config: Path | None, archive: Path) -> int:
    """核验备份文件后恢复；原有内容移到 HOME/backups/ 下，不删除。"""
    from flows import upkeep

    office = office_of(home, config)
    click.echo(f"已恢复；原内容在 {upkeep.restore(office, archive.absolute(), clock.now())}")
    return DONE


@command(name="rebuild")
def rebuild_command(home: Path | None, config: Path | None) -> int:
    """由审计日志和归档重建整个仓库（仓库丢失或损坏时用）；不寄任何邮件，旧文件移开不删。"""
    from flows import upkeep

    office = office_of(home, config)
    try:
        done = upkeep.rebuild(office, clock.now())
    except upkeep.RebuildError as error:
        click.echo(str(error), err=True)
        return WRONG_USE
    click.echo(f"已重建：日志 {done.entries} 笔，数据 {done.rows} 行，用时 {done.seconds:.0f} 秒")
    click.echo(f"归档 {done.files} 份，重读数据 {done.figures} 个，与日志不同 {len(done.differing)} 个")
    for receipt_no in done.missing:
        click.echo(f"  归档缺失或被改动：{receipt_no}；请从备份的 archive/ 目录取回该文件")
    for line in upkeep.told_lost(done.letters)[:20]:
        click.echo(f"  {line}")
    for what in done.differing[:20]:
        click.echo(f"  本版程序读数与当时不同（以当时为准）：{what}")
    if done.aside is not None:
        click.echo(f"旧仓库在 {done.aside}")
    return PROBLEMS if done.missing or done.letters or done.differing else DONE


@group.group(name="audit")
def audit_group() -> None:
    """查看、核验审计日志：谁、何时、做了什么、前后各是什么。"""


@command(audit_group, name="show")
@click.option("--period", type=Quarter(), default=None, help="只看这个报告期，例如 2019-Q3。")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="最近多少条。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def audit_show_command(
    home: Path | None, config: Path | None, period: str | None, limit: int, as_json: bool
) -> int:
    """列出最近的审计记录，新的在后。"""
    from warehouse import audit

    with office_of(home, config).reader() as reader:
        rows = audit.listed(reader, period, limit)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1, default=str))
        return DONE
    for r in rows:
        change = f"{r['before'] or '—'} → {r['after'] or '—'}"
        why = f"  理由：{r['reason']}" if r["reason"] else ""
        line = f"{r['sequence']:>6}  {r['recorded_at']:%Y-%m-%d %H:%M:%S}  {r['actor']}  {r['action']}  {r['subject']}"
        # What units wrote is quoted: nothing of it may steer the terminal.
        click.echo("".join(c for c in f"{line}{why}  {change}" if c.isprintable()))
    return DONE


@command(audit_group, name="verify")
@click.option("--quick", is_flag=True, help="只核对链条，不逐行比对仓库。")
@click.option("--head", default="", help="另行记下的链首（序号:校验值），一并核对。")
def audit_verify_command(home: Path | None, config: Path | None, quick: bool, head: str) -> int:
    """核验审计日志：被改动、删除、插入、换序或截断的，逐条指出；并逐行比对仓库。"""
    from flows import upkeep

    if head and not re.fullmatch("[0-9]+:[0-9a-f]{64}", head):
        # A slip in copying must not read as a log cut off.
        raise click.UsageError(
            f"--head 的写法 {head!r} 不对；应为“序号:64 位校验值”，照抄以前核验时打印的链首"
        )
    proof = upkeep.prove(office_of(home, config), quick=quick, head=head)
    for line in proof.problems:
        click.echo(f"异常  {line}")
    for line in proof.notices:
        click.echo(f"提示  {line}")
    click.echo(f"日志 {proof.entries} 笔，审计记录 {proof.rows} 条，异常 {len(proof.problems)} 处")
    if proof.head:
        click.echo(f"链首 {proof.head}（可抄到本机以外，下次用 --head 核对）")
    return PROBLEMS if proof.problems else DONE


@command(name="demo")
@click.option(
    "--period",
    type=Quarter(),
    default=None,
    help="演示的报告期；默认取方案期内靠后的一期（梅州方案为 2019-Q3）。",
)
@click.option(
    "--plan",
    default=None,
    help="改用另一个随程序发布的方案，例如 alder-vale（英文、按年报送）；配置复制到 HOME/config/。",
)
def demo_command(home: Path | None, config: Path | None, period: str | None, plan: str | None) -> int:
    """在空的工作目录里用样例走完四期：开启、报送、校验、催报、通报、站点、邮件。"""
    from flows import demo

    try:
        if plan is not None:
            place = Home((home or Path(os.environ.get("JIBAO_HOME", "./var"))).absolute())
            demo.settle(demo.example(plan), place)
        office = office_of(home, config)
        if period is not None:
            check_planned(office, period)
        closing = demo.run_demo(office, period or demo.default_period(office.config), echo=click.echo)
    except (demo.DemoRefused, demo.NoSuchExample) as error:
        click.echo(str(error), err=True)
        return WRONG_USE
    for line in closing:
        click.echo(line)
    return DONE


@command(name="new-plan")
@click.argument("folder", type=OutFolder())
@click.option(
    "--locale", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="样板的语言。"
)
def new_plan_command(home: Path | None, config: Path | None, folder: Path, locale: str) -> int:
    """在 FOLDER 写一套带注释的方案样板（方案、单位、日历、设置、联系人），改成自己的即可使用。"""
    from flows.scaffold import ScaffoldRefused, new_plan

    try:
        written = new_plan(folder, locale)
    except ScaffoldRefused as error:
        click.echo(str(error), err=True)
        return WRONG_USE
    for path in written:
        click.echo(f"已写：{path}")
    click.echo(f"改好后检查：jibao plan --config {folder}；试演：jibao demo --config {folder} --home 空目录")
    return DONE


@command(name="up")
@click.option("--host", default=None, help="监听地址；默认 127.0.0.1。")
@click.option("--port", type=_PORT, default=None, help="Prefect 界面端口；默认 4200。")
@click.option("--site-port", type=_PORT, default=None, help="通报站点端口；默认 4280。")
@click.option("--smtp-port", type=_PORT, default=None, help="内置收信端口；默认 1025。")
def up_command(
    home: Path | None, config: Path | None, host: str | None, port: int | None, site_port: int | None,
    smtp_port: int | None,
) -> int:  # fmt: skip
    """启动服务：Prefect、定时与手工任务、投递目录监视、通报站点、内置收信，直到 Ctrl-C。"""
    from flows.service import up

    office = office_of(home, config)
    settings = office.config.settings.prefect
    ports = (port or settings.port, site_port or settings.site_port, smtp_port or settings.smtp_port)
    if len(set(ports)) < len(ports):
        # Each is free as long as nothing of ours listens; the second to start would only die.
        raise click.UsageError(f"界面、站点、收信的端口须各不相同，现为 {'、'.join(map(str, ports))}")
    return up.run(
        home=office.home.root, config=config, host=host or settings.host, port=ports[0],
        site_port=ports[1], smtp_port=ports[2],
    )  # fmt: skip


@command(name="deploy")
@click.option("--pool", default="jibao", show_default=True, help="工作池名称；没有就建立（process 型）。")
def deploy_command(home: Path | None, config: Path | None, pool: str) -> int:
    """把全部任务、写入限额和自动规则登记到已有的 Prefect 服务（PREFECT_API_URL），由 worker 办理。"""
    from flows import deployments

    check_server()
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
