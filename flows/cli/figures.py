"""Register and figures: plan, attain, export."""

from __future__ import annotations

import json
from pathlib import Path

import click

from flows.cli.framework import DONE, WRONG_USE, OutFile, OutFolder, command, office_of, period_option


@command(name="plan")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def plan_command(home: Path | None, config: Path | None, as_json: bool) -> int:
    """校验并打印方案登记册（领域、措施、指标、单位）。"""
    from flows.answers.listing import plan_document, plan_lines

    office = office_of(home, config)
    if as_json:
        click.echo(json.dumps(plan_document(office.config), ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(plan_lines(office.config)))
    return DONE


@command(name="attain")
@click.argument("table", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--method", type=click.Choice(["linear", "cagr"]), default="linear", show_default=True)
@click.option("--out", type=OutFile(), default=None, help="结果写入的 CSV；默认打印。")
def attain_command(home: Path | None, config: Path | None, table: Path, method: str, out: Path | None) -> int:
    """按同一套公式为一张表（基期、现值、目标）计算进度；再算一次以前的结果，结果栏原处更新。"""
    from flows.answers.attain import attain
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
@click.option("--format", "form", type=click.Choice(["csv", "parquet", "xlsx", "sdmx-csv"]), required=True)
@click.option("--out", type=OutFolder(), required=True, help="输出目录。")
def export_command(home: Path | None, config: Path | None, period: str, form: str, out: Path) -> int:
    """把与邮件相同的数字导出为文件。"""
    from flows.answers.export import export

    for path in export(office_of(home, config), period, form, out):
        click.echo(str(path))
    return DONE


@command(name="explain")
@period_option
@click.option("--indicator", required=True, help="指标编码，例如 I-01。")
@click.option("--unit", default=None, help="单位编码或名称；不写则为全市。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def explain_command(
    home: Path | None, config: Path | None, period: str, indicator: str, unit: str | None, as_json: bool
) -> int:
    """说明一个数字的来历：公式、输入、修订、文件与单元格、校验问题。"""
    from flows.answers.explain import NothingToExplain, explain_document, explain_lines

    office = office_of(home, config)
    try:
        with office.reader() as reader:
            document = explain_document(reader, office.config, period, indicator, unit, office.home.site)
    except NothingToExplain as error:
        click.echo(str(error), err=True)
        return WRONG_USE
    shown = (
        json.dumps(document, ensure_ascii=False, indent=1) if as_json else "\n".join(explain_lines(document))
    )
    click.echo(shown)
    return DONE
