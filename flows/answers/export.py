"""The mart as files, written by DuckDB itself from the snapshot: the same numbers as the mails."""

from __future__ import annotations

from pathlib import Path

from flows.office import Office
from warehouse.publish import MART_VIEWS, export_view, export_workbook
from warehouse.store import Reader


def export(office: Office, period: str, form: str, out: Path) -> list[Path]:
    """One file a mart view (csv with BOM so that Excel opens it, or parquet), or one workbook.

    :raises warehouse.store.StoreError: when there is no data yet
    """
    out.mkdir(parents=True, exist_ok=True)
    with Reader(office.home.snapshot) as reader:
        if form == "xlsx":
            return [export_workbook(reader.con, period, out / f"jibao_{period}.xlsx")]
        return [export_view(reader.con, view, period, form, out) for view in MART_VIEWS]
