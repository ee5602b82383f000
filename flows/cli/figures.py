"""Register and figures: plan, attain, export."""

from __future__ import annotations

import json
from pathlib import Path

import click

from flows.cli.framework import DONE, WRONG_USE, command, office_of, period_option


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
