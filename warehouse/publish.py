"""Mart views as files: Parquet for the site, CSV, Parquet and xlsx for people."""

from __future__ import annotations

from pathlib import Path

import duckdb
import xlsxwriter

from warehouse.durable import whole

MART_VIEWS = (
    "submission", "finding", "observation", "observation_history", "attainment", "reporting_rate", "mail", "run",
    "progress", "domain_score", "plan_score", "unit_rank", "correction_due",
)  # fmt: skip


def publish_site_data(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Every mart view, all periods, as ``folder/<view>.parquet``."""
    folder.mkdir(parents=True, exist_ok=True)
    for view in MART_VIEWS:
        with whole(folder / f"{view}.parquet", point="site-data") as part:
            con.sql(f"FROM mart.{view}").write_parquet(str(part), compression="zstd")


def export_view(con: duckdb.DuckDBPyConnection, view: str, period: str, form: str, out: Path) -> Path:
    """One view for one period as ``out/<view>_<period>.<form>``; CSV is UTF-8 with BOM."""
    rows = con.sql(f"FROM mart.{view}").filter(_of_period(period))
    target = out / f"{view}_{period}.{form}"
    if form == "parquet":
        rows.write_parquet(str(target), compression="zstd")
        return target
    plain = target.with_suffix(".part")
    rows.write_csv(str(plain), header=True)
    target.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes())
    plain.unlink()
    return target


def export_workbook(con: duckdb.DuckDBPyConnection, period: str, target: Path) -> Path:
    """One workbook, a sheet a view; text stays text, whatever it looks like."""
    book = xlsxwriter.Workbook(
        str(target), {"strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    )
    head = book.add_format({"bold": True})
    date = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for view in MART_VIEWS:
        rows = con.sql(f"FROM mart.{view}").filter(_of_period(period))
        sheet = book.add_worksheet(view)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, rows.columns, head)
        for r, row in enumerate(rows.fetchall(), 1):
            for c, value in enumerate(row):
                if hasattr(value, "utcoffset"):
                    sheet.write_datetime(r, c, value.replace(tzinfo=None), date)
                elif isinstance(value, (str, int, float, bool)):
                    sheet.write(r, c, value)
                elif value is not None:
                    sheet.write_string(r, c, str(value))
    book.close()
    return target


def _of_period(period: str) -> duckdb.Expression:
    return duckdb.ColumnExpression("period") == duckdb.ConstantExpression(period)
