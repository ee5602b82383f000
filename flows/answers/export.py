"""The mart as files, written by DuckDB itself from the snapshot: the same numbers as the mails."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

from config.calendar import SHANGHAI
from config.language import Language
from flows.office import Office
from flows.steps.viewing import opened_cycle
from warehouse.publish import MART_VIEWS, describe_export, export_query, export_view, export_workbook
from warehouse.store import Reader

_SDMX = {"OBSERVATION": "export_sdmx_observation", "ATTAINMENT": "export_sdmx_attainment"}
FORMATS = ("csv", "parquet", "xlsx", "sdmx-csv")


def export(office: Office, period: str, form: str, out: Path) -> list[Path]:
    """One file a mart view (csv with BOM so that Excel opens it, or parquet), one workbook, or SDMX-CSV 2.0.

    csv comes with ``datapackage.json`` (frictionless), sdmx-csv with its structure message (SDMX-ML 3.0); either
    describes every period that was exported into the folder.

    :raises warehouse.store.StoreError: when there is no data yet
    :raises NotOpened: when the cycle was never opened: empty tables would look like a quarter without figures
    """
    with office.reader() as reader:
        opened_cycle(reader, period)
        out.mkdir(parents=True, exist_ok=True)
        if form == "xlsx":
            return [
                export_workbook(reader.con, period, out / f"jibao_{period}.xlsx", partial(_cut, office.say))
            ]
        if form == "sdmx-csv":
            return _sdmx(office, reader, period, out)
        written = {view: export_view(reader.con, view, period, form, out) for view in MART_VIEWS}
        if form == "csv":
            package = out / "datapackage.json"
            before = _described(package, {path.name for path in written.values()})
            described = describe_export(reader.con, written, office.config.plan.name, before)
            package.write_text(json.dumps(described, ensure_ascii=False, indent=1), "utf-8")
            return [*written.values(), package]
        return list(written.values())


def _cut(say: Language, characters: int) -> str:
    return say("…（全文%(n)s字，超出单元格容量，请见csv或parquet格式的导出）", n=characters)


def _described(package: Path, written: Collection[str]) -> list[dict[str, Any]]:
    """What an earlier export into the same folder described and this one leaves as it is."""
    try:
        described = json.loads(package.read_text("utf-8"))
        resources = described["resources"] if described["name"].startswith("jibao-") else []
        return [r for r in resources if r["path"] not in written and (package.parent / r["path"]).is_file()]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []  # none is there, or one that is not ours


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
    # One structure for every period that lies in the folder: each may name a unit that no other does.
    periods = sorted(one.stem.rpartition("_")[2] for one in out.glob("sdmx_observation_*.csv"))
    told = [row for one in periods for row in reader.rows("list_sdmx_codes", {"period": one})]
    structure.write_text(structure_message(office.config, prepared, told), "utf-8")
    return [*written, structure]
