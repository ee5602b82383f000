"""``jibao scale``: the steps of the profile for many machines, one by one; a worker or a cron line calls them.

Belongs here: options, lines, exit codes. Does not: judging, loading, looking after the lake (flows.scale, warehouse.lake).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from flows import clock
from flows.cli.framework import (
    DONE,
    PROBLEMS,
    Instant,
    Quarter,
    as_of_option,
    check_server,
    command,
    group,
    office_of,
)


@group.group(name="scale")
def scale_group() -> None:
    """多机部署：分片校验、统一入库、湖仓整理、由单机搬迁（见 docs/scaling.md）。"""


@command(scale_group, name="slice")
@click.option("--part", type=click.IntRange(1), required=True, help="第几片，从 1 起。")
@click.option("--parts", type=click.IntRange(1), required=True, help="共几片。")
@click.option("--period", type=Quarter(), default=None, help="正在采集的报告期。")
@as_of_option
def slice_command(
    home: Path | None, config: Path | None, part: int, parts: int, period: str | None, as_of: datetime | None
) -> int:
    """读取并校验一片单位的报送，写入暂存区；不写仓库，可重复、可并行。"""
    from flows.scale.slices import Slice, judge_slice

    if part > parts:
        raise click.UsageError("--part 不能大于 --parts")
    result = judge_slice(office_of(home, config), Slice(part, parts), as_of or clock.now(), period)
    click.echo(
        f"第 {part}/{parts} 片：校验 {result.files} 份，暂存 {len(result.batches)} 批，此前已暂存或入库 {result.known} 份"
    )
    return DONE


@command(scale_group, name="commit")
@click.option(
    "--at-least", type=click.IntRange(1), default=40, show_default=True, help="少于此数先等其他批次。"
)
@as_of_option
def commit_command(home: Path | None, config: Path | None, at_least: int, as_of: datetime | None) -> int:
    """把暂存区中的批次统一入库，清理投递目录，回执进入发信队列。"""
    from flows.scale.committing import commit_staged

    result = commit_staged(office_of(home, config), as_of, at_least=at_least)
    click.echo(
        f"入库 {result.submissions} 份，修订 {result.revisions} 条，重复 {result.copies} 份，此前已入库 {result.known} 份；"
        f"提交 {result.commits} 次，待凑批 {result.waiting} 批，作废重判 {len(result.stale)} 批，损坏 {len(result.damaged)} 批"
    )
    return PROBLEMS if result.has_problems else DONE


@command(scale_group, name="tidy")
@click.option(
    "--expire-before", type=Instant(), default=None, help="清除此前的快照；本年度与上一年度不能清除。"
)
def tidy_command(home: Path | None, config: Path | None, expire_before: datetime | None) -> int:
    """合并湖仓中的小文件，清理残留；历史快照默认全部保留。"""
    from flows.scale.tending import tidy_lake

    done = tidy_lake(office_of(home, config), clock.now(), expire_before)
    click.echo(
        f"数据文件 {done.files_before} -> {done.files_after}，快照 {done.snapshots} 个，清除快照 {done.expired} 个"
    )
    return DONE


@command(scale_group, name="move")
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def move_command(home: Path | None, config: Path | None, source: Path) -> int:
    """把单机仓库文件（warehouse.duckdb 或快照）搬进空的湖仓。"""
    from flows.scale.tending import move_into_lake

    moved = move_into_lake(office_of(home, config), source)
    click.echo("已搬入：" + "，".join(f"{table} {rows} 行" for table, rows in moved.items() if rows))
    return DONE


@command(scale_group, name="deploy")
@click.option(
    "--parts", type=click.IntRange(1, 1000), default=8, show_default=True, help="投递目录分成几片。"
)
def deploy_command(home: Path | None, config: Path | None, parts: int) -> int:
    """在 PREFECT_API_URL 所指的服务上建立工作池与部署；可重复运行。"""
    check_server()
    # Prefect notes where a flow was imported from, so it must be this module's name and not a script.
    from flows.scale.deployed import deploy

    office_of(home, config)
    for name in deploy(parts):
        click.echo(name)
    return DONE
