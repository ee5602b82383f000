"""Mart views as files: Parquet for the site, CSV, Parquet and xlsx for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter

from warehouse.durable import whole
from warehouse.store import Reader, query

MART_VIEWS = (
    "submission", "finding", "observation", "observation_history", "attainment", "reporting_rate", "mail", "run",
    "progress", "domain_score", "plan_score", "unit_rank", "correction_due",
)  # fmt: skip

CELL_MAX = 32_767  # characters a cell of a workbook holds; xlsxwriter cuts the rest without a word


def publish_site_data(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Every mart view, all periods, as ``folder/<view>.parquet``."""
    folder.mkdir(parents=True, exist_ok=True)
    for view in MART_VIEWS:
        with whole(folder / f"{view}.parquet", point="site-data") as part:
            con.sql(f"FROM mart.{view}").write_parquet(str(part), compression="zstd")


def export_view(con: duckdb.DuckDBPyConnection, view: str, period: str, form: str, out: Path) -> Path:
    """One view for one period as ``out/<view>_<period>.<form>``.

    CSV is UTF-8 with BOM, for Excel; there a text that would start a formula is preceded by an apostrophe.
    """
    rows = con.sql(f"FROM mart.{view}").filter(_of_period(period)).order("ALL")
    target = out / f"{view}_{period}.{form}"
    if form == "parquet":
        rows.write_parquet(str(target), compression="zstd")
        return target
    plain = target.with_suffix(".part")
    rows.select(*map(_inert, rows.columns, rows.types)).write_csv(str(plain), header=True)
    target.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes())
    plain.unlink()
    return target


def export_query(reader: Reader, name: str, params: Mapping[str, Any], target: Path) -> Path:
    """One query's rows as plain UTF-8 CSV, for machines: no BOM, header first."""
    part = target.with_suffix(".part")
    reader.con.sql(query(name), params=dict(params)).write_csv(str(part), header=True)
    return part.replace(target)


def describe_export(
    con: duckdb.DuckDBPyConnection,
    files: Mapping[str, Path],
    name: str,
    before: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The Data Package descriptor (frictionless, v1) of exported CSV files.

    :param files: by mart view
    :param name: of the plan
    :param before: resources of the same folder, of other periods; they stay described
    """
    resources = [dict(one) for one in before]
    for view, path in files.items():
        rows = con.sql(f"FROM mart.{view}")
        content = path.read_bytes()
        resources.append(
            {
                "name": path.stem.lower(), "path": path.name, "profile": "tabular-data-resource", "format": "csv",
                "mediatype": "text/csv", "encoding": "utf-8-sig", "bytes": len(content),
                "hash": f"sha256:{sha256(content).hexdigest()}",
                "schema": {
                    "fields": [
                        {"name": c, **_field(str(kind))} for c, kind in zip(rows.columns, rows.types, strict=True)
                    ],
                    "missingValues": [""],
                },
            }
        )  # fmt: skip
    resources.sort(key=lambda one: str(one["path"]).rpartition("_")[2])  # by period, views in their order
    periods = sorted({Path(one["path"]).stem.rpartition("_")[2] for one in resources})
    return {
        "name": "-".join(("jibao", *(p.lower() for p in periods))), "title": " ".join((name, *periods)),
        "profile": "tabular-data-package", "resources": resources,
    }  # fmt: skip


def _field(kind: str) -> dict[str, str]:
    """A DuckDB type in the words of Table Schema. Instants carry their offset, which only ``any`` reads."""
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        return {"type": "number"}
    if kind.endswith(("INTEGER", "INT")) or kind in ("BIGINT", "SMALLINT", "HUGEINT"):
        return {"type": "integer"}
    if kind.startswith("TIMESTAMP"):
        return {"type": "datetime", "format": "any"}
    return {"type": {"BOOLEAN": "boolean", "DATE": "date"}.get(kind, "string")}


def export_workbook(
    con: duckdb.DuckDBPyConnection, period: str, target: Path, cut: Callable[[int], str]
) -> Path:
    """One workbook, a sheet a view; text stays text, whatever it looks like.

    :param cut: what stands at the end of a text of so many characters, too long for a cell
    """
    book = xlsxwriter.Workbook(
        str(target), {"strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    )
    head = book.add_format({"bold": True})
    date = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for view in MART_VIEWS:
        rows = con.sql(f"FROM mart.{view}").filter(_of_period(period)).order("ALL")
        sheet = book.add_worksheet(view)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, rows.columns, head)
        for r, row in enumerate(rows.fetchall(), 1):
            for c, value in enumerate(row):
                if hasattr(value, "utcoffset"):
                    sheet.write_datetime(r, c, value.replace(tzinfo=None), date)
                elif isinstance(value, (int, float, bool)):
                    sheet.write(r, c, value)
                elif value is not None and (text := str(value)):
                    sheet.write_string(r, c, text if len(text) <= CELL_MAX else _cut(text, cut(len(text))))
    book.close()
    return target


def _cut(text: str, mark: str) -> str:
    return text[: CELL_MAX - len(mark)] + mark


def _inert(column: str, kind: Any) -> duckdb.Expression:
    value = duckdb.ColumnExpression(column)
    if str(kind) != "VARCHAR":
        return value
    starts = duckdb.FunctionExpression("regexp_matches", value, duckdb.ConstantExpression(r"^[=+\-@\t\r]"))
    quoted = duckdb.FunctionExpression("concat", duckdb.ConstantExpression("'"), value)
    return duckdb.CaseExpression(starts, quoted).otherwise(value).alias(column)


def _of_period(period: str) -> duckdb.Expression:
    return duckdb.ColumnExpression("period") == duckdb.ConstantExpression(period)
