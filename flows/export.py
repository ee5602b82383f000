"""The mart as files, written by DuckDB itself from the snapshot: the same numbers as the mails."""

from __future__ import annotations

from pathlib import Path

from flows.office import Office
from warehouse.publish import MART_VIEWS, export_view, export_workbook
from warehouse.store import read_snapshot


def export(office: Office, period: str, form: str, out: Path) -> list[Path]:
    """One file a mart view (csv with BOM so that Excel opens it, or parquet), or one workbook.

    :raises warehouse.store.StoreError: when there is no data yet
    """
    out.mkdir(parents=True, exist_ok=True)
    with read_snapshot(office.home.snapshot) as con:
        if form == "xlsx":
            return [export_workbook(con, period, out / f"jibao_{period}.xlsx")]
        return [export_view(con, view, period, form, out) for view in MART_VIEWS]
