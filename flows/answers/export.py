"""The mart as files, written by DuckDB itself from the snapshot: the same numbers as the mails."""

from __future__ import annotations

import json
from pathlib import Path

from config.calendar import SHANGHAI
from flows.office import Office
from flows.steps.viewing import NotOpened
from warehouse.publish import MART_VIEWS, describe_export, export_query, export_view, export_workbook
from warehouse.store import Reader

_SDMX = {"OBSERVATION": "export_sdmx_observation", "ATTAINMENT": "export_sdmx_attainment"}
FORMATS = ("csv", "parquet", "xlsx", "sdmx-csv")


def export(office: Office, period: str, form: str, out: Path) -> list[Path]:
    """One file a mart view (csv with BOM so that Excel opens it, or parquet), one workbook, or SDMX-CSV 2.0.

    csv comes with ``datapackage.json`` (frictionless), sdmx-csv with its structure message (SDMX-ML 3.0).

    :raises warehouse.store.StoreError: when there is no data yet
    :raises NotOpened: when the cycle was never opened: empty tables would look like a quarter without figures
    """
    with office.reader() as reader:
        if not reader.rows("read_cycle", {"period": period}):
            raise NotOpened(f"{period} 还没有开启；请先运行 jibao open --period {period}")
        out.mkdir(parents=True, exist_ok=True)
        if form == "xlsx":
            return [export_workbook(reader.con, period, out / f"jibao_{period}.xlsx")]
        if form == "sdmx-csv":
            return _sdmx(office, reader, period, out)
        written = {view: export_view(reader.con, view, period, form, out) for view in MART_VIEWS}
        if form == "csv":
            described = describe_export(reader.con, written, period, f"{office.config.plan.name} {period}")
            package = out / "datapackage.json"
            package.write_text(json.dumps(described, ensure_ascii=False, indent=1), "utf-8")
            return [*written.values(), package]
        return list(written.values())


def _sdmx(office: Office, reader: Reader, period: str, out: Path) -> list[Path]:
    from flows.answers.sdmx import structure_message

    params = {"period": period, "frequency": period[5]}  # 2019-Q3: Q, 2019-A1: A
    written = [
        export_query(reader, name, params, out / f"sdmx_{flow.lower()}_{period}.csv")
        for flow, name in _SDMX.items()
    ]
    # Dated by what it describes, so that the same data give the same bytes.
    prepared = reader.rows("read_last_instant")[0]["last_instant"].astimezone(SHANGHAI)
    structure = out / "sdmx_structure.xml"
    told = reader.rows("list_sdmx_codes", {"period": period})
    structure.write_text(structure_message(office.config, prepared, told), "utf-8")
    return [*written, structure]
