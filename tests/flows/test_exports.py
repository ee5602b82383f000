"""Exported files hold the mart, cell by cell, as other people's readers see them."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pandas
import pytest
from drop_folder import NEXT, PERIOD, Desk, open_desk
from openpyxl import load_workbook

import config
from config.calendar import SHANGHAI
from flows import sample, steps
from flows.answers.export import FORMATS, export
from flows.answers.sdmx import FLOWS
from flows.steps.viewing import NotOpened
from warehouse.publish import CELL_MAX, MART_VIEWS, export_workbook

PEERS = Path(__file__).parents[2] / ".venv-peers" / "bin" / "python"
AFTER = datetime(2019, 10, 25, 9, 0, tzinfo=SHANGHAI)
HOSTILE = '=HYPERLINK("http://x","y") {{7*7}}'


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Three bureaus' figures, one remark that would be a formula, a wrong cell, a report."""
    desk = open_desk(tmp_path_factory.mktemp("export") / "home")
    item = sample.first_item(desk.office.config, "JXJ", measure="amount")
    assert item is not None
    figures = dict(desk.figures("JXJ"))
    desk.drop("JXJ", "表.xlsx", desk.book("JXJ", figures | {item: replace(figures[item], remark=HOSTILE)}))
    wrong = sample.first_item(desk.office.config, "SWJ", measure="amount")
    assert wrong is not None
    desk.drop("SWJ", "表.xlsx", desk.book("SWJ", sample.with_text(desk.figures("SWJ"), wrong, "约1000")))
    for unit in ("FGJ", "441402"):
        desk.drop(unit, "表.xlsx", desk.book(unit))
    desk.collect()
    steps.report(desk.office, PERIOD, AFTER)
    return desk


@pytest.fixture(scope="module")
def out(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    for form in FORMATS:
        assert export(desk.office, PERIOD, form, folder / form)
    return folder


def mart(desk: Desk, view: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(desk.office.home.snapshot), read_only=True) as con:
        con.execute("SET TimeZone = 'Asia/Shanghai'")
        rows = con.execute(f"SELECT * FROM mart.{view} WHERE period = '{PERIOD}' ORDER BY ALL")
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def peer(script: str, *arguments: Path) -> Any:
    """What the other people's reader prints (JSON), in its own environment."""
    if not PEERS.exists():
        pytest.skip("make test sets up .venv-peers")
    done = subprocess.run(
        [str(PEERS), "-c", script, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def as_text(value: Any) -> str:
    """A mart value as a CSV cell of ours."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ").removesuffix(":00")
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return str(value)


def test_every_csv_cell_is_the_mart_and_no_text_is_a_formula(desk: Desk, out: Path) -> None:
    for view in MART_VIEWS:
        path = out / "csv" / f"{view}_{PERIOD}.csv"
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        with path.open(encoding="utf-8-sig", newline="") as file:
            told = list(csv.DictReader(file))
        wanted = mart(desk, view)
        assert len(told) == len(wanted), view
        for row, meant in zip(told, wanted, strict=True):
            for column, value in meant.items():
                cell = row[column]
                if isinstance(value, float):
                    assert float(cell) == value, (view, column)
                elif isinstance(value, datetime):
                    assert datetime.fromisoformat(cell) == value, (view, column)
                elif not isinstance(value, (list, dict)):
                    assert cell == as_text(value), (view, column)
                assert not (isinstance(value, str) and cell[:1] in "=+-@" and cell), (view, column)
    remarks = [row["remark"] for row in mart(desk, "observation")]
    assert HOSTILE in remarks and "'=HYPERLINK" in (out / "csv" / f"observation_{PERIOD}.csv").read_text(
        "utf-8"
    )


def test_parquet_and_workbook_are_the_mart(desk: Desk, out: Path) -> None:
    book = load_workbook(out / "xlsx" / f"jibao_{PERIOD}.xlsx")
    for view in MART_VIEWS:
        wanted = mart(desk, view)
        path = out / "parquet" / f"{view}_{PERIOD}.parquet"
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'Asia/Shanghai'")
            assert con.execute(f"FROM '{path}'").fetchall() == [tuple(row.values()) for row in wanted], view
        rows = list(book[view].iter_rows(values_only=True))
        assert len(rows) - 1 == len(wanted), view
        for told, meant in zip(rows[1:], wanted, strict=True):
            for cell, value in zip(told, meant.values(), strict=True):
                if isinstance(value, bool):
                    assert cell is value, view
                elif isinstance(value, (int, float)):
                    assert cell == pytest.approx(value, rel=1e-14), view  # a workbook keeps 16 digits
                elif isinstance(value, str):
                    assert (cell or "") == value, view
        assert not [c for row in book[view].iter_rows() for c in row if c.data_type == "f"], view


def test_pandas_reads_the_csv(desk: Desk, out: Path) -> None:
    frame = pandas.read_csv(out / "csv" / f"attainment_{PERIOD}.csv", encoding="utf-8-sig")
    wanted = mart(desk, "attainment")
    assert [None if pandas.isna(v) else v for v in frame["progress_pct"]] == [
        r["progress_pct"] for r in wanted
    ]


def test_the_package_is_valid_and_a_changed_byte_is_seen(out: Path, tmp_path: Path) -> None:
    script = (
        "import sys, json, frictionless; r = frictionless.validate(sys.argv[1]);"
        "print(json.dumps([r.valid, r.stats['tasks'], r.flatten(['type'])[:3]]))"
    )
    assert peer(script, out / "csv" / "datapackage.json") == [True, len(MART_VIEWS), []]
    for path in (out / "csv").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    touched = tmp_path / f"attainment_{PERIOD}.csv"
    touched.write_bytes(touched.read_bytes().replace(b"city", b"cIty", 1))
    assert peer(script, tmp_path / "datapackage.json")[0] is False


@pytest.mark.parametrize("flow", FLOWS)
def test_pysdmx_reads_the_rows_against_the_structure(desk: Desk, out: Path, flow: str) -> None:
    script = (
        "import sys, json\nfrom pysdmx.io import get_datasets\n"
        "[d] = get_datasets(sys.argv[1], sys.argv[2])\n"
        "rows = d.data.astype(object).where(d.data.notna(), None).to_dict('records')\n"
        "print(json.dumps([d.short_urn, [c.id for c in d.structure.components], rows]))"
    )
    urn, components, rows = peer(
        script,
        out / "sdmx-csv" / f"sdmx_{flow.lower()}_{PERIOD}.csv",
        out / "sdmx-csv" / "sdmx_structure.xml",
    )
    assert urn == f"Dataflow=JIBAO:{flow}(1.0)" and set(components) == set(FLOWS[flow][1])
    wanted = {(r["indicator"], r["unit"]): r for r in mart(desk, flow.lower())}
    assert len(rows) == len(wanted) > 50
    for row in rows:
        meant = wanted[row["INDICATOR"], row["REPORTING_UNIT"]]
        assert row["TIME_PERIOD"] == PERIOD and row["FREQ"] == "Q"
        for column, name in _COLUMNS[flow].items():
            assert (row[column] if row[column] != "" else None) == meant[name], (column, row)


_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "OBSERVATION": {
        "OBS_VALUE": "value", "NUMERATOR": "numerator", "DENOMINATOR": "denominator", "OBS_STATUS": "status",
        "MILESTONE_STATE": "state", "REVISION": "revision", "SUBMISSION_ID": "submission_id",
    },
    "ATTAINMENT": {
        "OBS_VALUE": "actual", "ATTAINMENT_PCT": "attainment_pct", "PROGRESS_PCT": "progress_pct",
        "EXPECTED_PCT": "expected_pct", "GAP_PP": "gap_pp", "REQUIRED_PER_CYCLE": "required_per_quarter",
        "PROJECTED": "projected_2020", "PROJECTED_LOW": "projected_low", "PROJECTED_HIGH": "projected_high",
        "BASELINE": "baseline", "TARGET_LOW": "target_low", "TARGET_HIGH": "target_high",
        "TARGET_KIND": "target_kind", "SCOPE": "scope", "IS_MET": "met", "LIGHT": "light", "COVERAGE": "coverage",
    },
}  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_a_quarter_never_opened_is_refused_and_leaves_nothing(desk: Desk, tmp_path: Path, form: str) -> None:
    with pytest.raises(NotOpened, match="2031-Q1 还没有开启"):
        export(desk.office, "2031-Q1", form, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_structure_names_every_unit_and_indicator(desk: Desk, out: Path) -> None:
    script = (
        "import sys, json\nfrom pysdmx.io import read_sdmx\n"
        "m = read_sdmx(sys.argv[1], validate=True)\n"
        "print(json.dumps({s.id: {c.id: c.name for c in s.items} for s in m.get_codelists()}))"
    )
    lists = peer(script, out / "sdmx-csv" / "sdmx_structure.xml")
    register = desk.office.config
    assert lists["CL_INDICATOR"] == {i.code: i.name for i in register.plan.indicators}
    assert lists["CL_UNIT"].items() >= {u.code: u.name for u in register.units}.items()


def test_the_codelists_hold_every_code_of_the_rows_of_a_plan_of_two_cities(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    units = (Path(config.__file__).parent / "units.yml").read_text("utf-8")
    (home / "config" / "units.yml").write_text(
        units.replace('{code: "441402",', '{code: "441402", city: "445200",'), "utf-8"
    )
    two = open_desk(home)
    two.drop("441402", "表.xlsx", two.book("441402"))
    two.collect()
    steps.report(two.office, PERIOD, AFTER)
    export(two.office, PERIOD, "sdmx-csv", tmp_path / "out")
    structure = ElementTree.parse(tmp_path / "out" / "sdmx_structure.xml")
    lists = {
        one.get("id"): {code.get("id") for code in one if code.tag.endswith("}Code")}
        for one in structure.iter("{http://www.sdmx.org/resources/sdmxml/schemas/v3_0/structure}Codelist")
    }
    for flow in ("observation", "attainment"):
        rows = list(csv.DictReader((tmp_path / "out" / f"sdmx_{flow}_{PERIOD}.csv").open(encoding="utf-8")))
        assert {row["REPORTING_UNIT"] for row in rows} <= lists["CL_UNIT"], flow
        assert {row["INDICATOR"] for row in rows} <= lists["CL_INDICATOR"], flow
    assert "445200" in {row["REPORTING_UNIT"] for row in rows}


def test_two_periods_in_one_folder_are_described_together(tmp_path: Path) -> None:
    office, out = open_desk(tmp_path / "home", PERIOD, NEXT).office, tmp_path / "out"
    for period in (NEXT, PERIOD, PERIOD):
        for form in ("csv", "sdmx-csv"):
            export(office, period, form, out)
    package = json.loads((out / "datapackage.json").read_text("utf-8"))
    assert package["name"] == "jibao-2019-q3-2019-q4" and package["title"].endswith("2019-Q3 2019-Q4")
    assert [r["path"] for r in package["resources"]] == [
        f"{v}_{p}.csv" for p in (PERIOD, NEXT) for v in MART_VIEWS
    ]
    for one in package["resources"]:
        assert one["hash"] == f"sha256:{hashlib.sha256((out / one['path']).read_bytes()).hexdigest()}"
    structure = ElementTree.parse(out / "sdmx_structure.xml")
    codes = {e.get("id") for e in structure.iter() if e.tag.endswith("}Code")}
    for path in out.glob("sdmx_*.csv"):
        with path.open(encoding="utf-8") as file:
            assert {row["REPORTING_UNIT"] for row in csv.DictReader(file)} <= codes, path.name
    # What is gone or somebody else's is not described.
    (out / f"run_{NEXT}.csv").unlink()
    export(office, PERIOD, "csv", out)
    assert f"run_{NEXT}.csv" not in (out / "datapackage.json").read_text("utf-8")
    (out / "datapackage.json").write_text(
        '{"name": "theirs", "resources": [{"path": "sdmx_structure.xml"}]}', "utf-8"
    )
    export(office, PERIOD, "csv", out)
    assert len(json.loads((out / "datapackage.json").read_text("utf-8"))["resources"]) == len(MART_VIEWS)


def test_a_text_too_long_for_a_cell_says_so(tmp_path: Path) -> None:
    texts = ["甲" * (CELL_MAX + more) for more in (0, 1, 999)]
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA mart")
        for view in MART_VIEWS:
            con.execute(
                f"CREATE TABLE mart.{view} AS SELECT ? AS period, unnest(?) AS words", [PERIOD, texts]
            )
        export_workbook(con, PERIOD, tmp_path / "book.xlsx", lambda n: f"…（全文{n}字）")
    told = [row[1] for row in load_workbook(tmp_path / "book.xlsx")["finding"].iter_rows(2, values_only=True)]
    assert told[0] == texts[0] and [len(text) for text in told] == [CELL_MAX] * 3
    assert [text[-11:] for text in told[1:]] == ["…（全文32768字）", "…（全文33766字）"]


def test_libreoffice_opens_workbook_and_csv(out: Path, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("make test installs LibreOffice where the machine allows it")
    for path in (out / "xlsx" / f"jibao_{PERIOD}.xlsx", out / "csv" / f"attainment_{PERIOD}.csv"):
        subprocess.run(
            [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "ods",
             "--outdir", str(tmp_path), str(path)],
            check=True, capture_output=True, timeout=180,
        )  # fmt: skip
        assert (tmp_path / path.with_suffix(".ods").name).stat().st_size > 5_000
