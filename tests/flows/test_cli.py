"""The command line as scripts call it: exit statuses, one line for the reader, files that open."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from flows.cli import group

PERIOD = "2019-Q3"


def jibao(home: Path, *words: str) -> Result:
    return CliRunner().invoke(group, [words[0], "--home", str(home), *words[1:]])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("office")
    assert jibao(home, "init").exit_code == 0
    assert jibao(home, "open", "--period", PERIOD, "--as-of", "2019-10-08").exit_code == 0
    body = (home / "workbooks" / PERIOD / f"441402_{PERIOD}.xlsx").read_bytes()
    (home / "inbox" / "441402" / "空表.xlsx").write_bytes(body)
    returned = jibao(home, "collect", "--as-of", "2019-10-16")
    assert returned.exit_code == 1 and "退回 1 份" in returned.output and "空表.xlsx" in returned.output
    assert jibao(home, "report", "--period", PERIOD, "--as-of", "2019-10-21").exit_code == 0
    return home


def test_nothing_new_is_done_not_a_problem(home: Path) -> None:
    assert jibao(home, "collect", "--as-of", "2019-10-16").exit_code == 0


def test_status_as_json(home: Path) -> None:
    shown = jibao(home, "status", "--period", PERIOD, "--json")
    view = json.loads(shown.output)
    assert view["period"] == PERIOD and view["returned"][0]["file_name"] == "空表.xlsx"
    assert {u["unit"] for u in view["units"] if u["owed"]} >= {"441402", "SWJ"}


def test_wrong_use_is_status_2_and_says_what_to_write(home: Path) -> None:
    for words in (
        ("status", "--period", "2019年三季度"),
        ("remind", "--as-of", "昨天"),
        ("export", "--period", PERIOD),
    ):
        shown = jibao(home, *words)
        assert shown.exit_code == 2, words
    assert "2019-Q3" in jibao(home, "status", "--period", "2019年三季度").output
    slices = ["scale", "slice", "--part", "3", "--parts", "2", "--home", str(home)]
    assert CliRunner().invoke(group, slices).exit_code == 2


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00+08:00", "1900-06-01", "9999-12-31T23:59-12:00", "9019-10-25", "2019-02-30", ""],
)
def test_an_instant_that_nobody_means_is_refused(home: Path, moment: str) -> None:
    """A year out of range was a traceback; one before 1901 made the audit's proof accuse somebody of tampering."""
    for words in (("remind",), ("status", "--period", PERIOD), ("recheck", "--period", PERIOD)):
        shown = jibao(home, *words, "--as-of", moment)
        assert shown.exit_code == 2 and "请写成 2019-10-25" in shown.output, words


@pytest.mark.parametrize("period", ["2019-A1", "2015-Q3", "2021-Q1", "2109-Q3"])
def test_a_period_of_no_plan_is_not_opened(home: Path, period: str) -> None:
    for words in (("open", "--period", period), ("cycle", "--period", period, "--send")):
        shown = jibao(home, *words)
        assert shown.exit_code == 2 and "从 2015-Q4 到 2020-Q4" in shown.output
        assert len(shown.output.splitlines()) == 1, shown.output
    assert not (home / "workbooks" / period).exists()


def test_a_mistyped_year_is_refused_before_anything_is_done(home: Path) -> None:
    for words in (("open", "--period", "2019-Q4"), ("collect",), ("remind",), ("report", "--period", PERIOD)):
        shown = jibao(home, *words, "--as-of", "2219-10-08")
        assert shown.exit_code == 2 and "请核对年份" in shown.output, words
        assert len(shown.output.strip().splitlines()) == 1
    assert jibao(home, "status", "--period", "2019-Q4").exit_code != 0, "it was not opened"


@pytest.mark.parametrize("words", [
    ("status",), ("report",), ("recheck",), ("export", "--format", "csv", "--out", "nowhere"),
])  # fmt: skip
def test_a_period_never_opened_is_wrong_use_and_says_how_to_open_it(
    home: Path, words: tuple[str, ...]
) -> None:
    shown = jibao(home, *words, "--period", "2018-Q1")
    assert shown.exit_code == 2
    assert shown.output.splitlines() == ["2018-Q1 还没有开启；请先运行 jibao open --period 2018-Q1"]


def test_a_place_that_cannot_be_written_to_is_wrong_use(home: Path, tmp_path: Path) -> None:
    table, taken = tmp_path / "表.csv", tmp_path / "文件"
    table.write_text("id\n", "utf-8")
    taken.write_text("", "utf-8")
    export = ("export", "--period", PERIOD, "--format", "csv", "--out")
    for words, said in (
        (("attain", str(table), "--out", str(tmp_path / "没有" / "出.csv")), "不存在"),
        (("attain", str(table), "--out", str(tmp_path)), "是文件夹"),
        ((*export, str(taken)), "不是文件夹"),
        ((*export, str(taken / "里面")), "不是文件夹"),
        (("new-plan", str(taken / "方案")), "不是文件夹"),
    ):
        shown = jibao(home, *words)
        assert shown.exit_code == 2 and said in shown.output and "Errno" not in shown.output, words
    assert jibao(taken / "家", "status", "--period", PERIOD).exit_code == 2


def test_doctor_names_the_example_contacts(tmp_path: Path) -> None:
    shown = jibao(tmp_path, "doctor")
    assert shown.exit_code == 1 and "样例地址" in shown.output and "仓库：可读写" in shown.output


def test_a_demo_that_cannot_be_played_is_wrong_use(home: Path, tmp_path: Path) -> None:
    for words, told in (
        ((home,), "已有数据"),
        ((home, "--plan", "alder-vale"), "已有数据"),
        ((tmp_path, "--plan", "nowhere"), "可用：alder-vale"),
        ((tmp_path, "--period", "0001-Q1"), "从 2015-Q4 到 2020-Q4"),
        ((tmp_path, "--period", "2019-A1"), "从 2015-Q4 到 2020-Q4"),
    ):
        shown = jibao(words[0], "demo", *words[1:])
        assert shown.exit_code == 2 and told in shown.output, words
        assert len(shown.output.splitlines()) == 1


def test_contacts_copied_and_not_edited_are_still_samples(tmp_path: Path) -> None:
    """``init`` makes contacts.yml of the sample; doctor then held every address for real."""
    assert jibao(tmp_path, "init").exit_code == 0
    shown = jibao(tmp_path, "doctor")
    assert shown.exit_code == 1 and "个地址仍是样例（tongchou@meizhou.example" in shown.output
    contacts = tmp_path / "config" / "contacts.yml"
    contacts.write_text(contacts.read_text("utf-8").replace(".example", ".gov.cn"), "utf-8")
    assert "仍是样例" not in jibao(tmp_path, "doctor").output


def test_init_keeps_what_the_office_changed(home: Path) -> None:
    settings = home / "config" / "settings.yml"
    settings.write_text(settings.read_text("utf-8").replace("jump_pct: 50", "jump_pct: 60"), "utf-8")
    assert jibao(home, "init").exit_code == 0
    assert "jump_pct: 60" in settings.read_text("utf-8")


def test_exports_open_and_hold_the_mart(home: Path, tmp_path: Path) -> None:
    for form in ("csv", "parquet", "xlsx"):
        assert (
            jibao(home, "export", "--period", PERIOD, "--format", form, "--out", str(tmp_path)).exit_code == 0
        )
    with duckdb.connect(str(home / "warehouse.snapshot.duckdb"), read_only=True) as con:
        wanted = con.execute("SELECT count(*) FROM mart.attainment WHERE period = ?", [PERIOD]).fetchone()
    assert wanted is not None and wanted[0] > 60
    for name in ("csv", "parquet"):
        path = tmp_path / f"attainment_{PERIOD}.{name}"
        assert duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchone() == wanted
    assert (tmp_path / f"attainment_{PERIOD}.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert load_workbook(tmp_path / f"jibao_{PERIOD}.xlsx")["attainment"].max_row == wanted[0] + 1


def test_a_backup_restores_every_table(home: Path, tmp_path: Path) -> None:
    made = jibao(home, "backup")
    assert made.exit_code == 0
    archive = next((home / "backups").glob("jibao-*.tar.gz"))
    other = tmp_path / "other"
    assert jibao(other, "restore", str(archive)).exit_code == 0
    restored, saved = _tables(other), _tables(home)
    for grown in ("audit", "journal"):  # the restore itself is on record, after all that was there before
        assert set(restored.pop(grown)) >= set(saved.pop(grown))
    assert restored == saved


def test_a_closed_quarter_is_not_rechecked(home: Path, tmp_path: Path) -> None:
    office = tmp_path / "office"
    shutil.copytree(home, office)
    person = ("--actor", "王统筹", "--reason", "本季度结束")
    assert jibao(office, "close", "--period", PERIOD, *person).exit_code == 0
    refused = jibao(office, "recheck", "--period", PERIOD)
    assert refused.exit_code == 2 and "重新开启" in refused.output
    assert jibao(office, "reopen", "--period", PERIOD, *person).exit_code == 0
    assert jibao(office, "recheck", "--period", PERIOD).exit_code == 0


@pytest.mark.parametrize("ports", [("--port", "99999"), ("--site-port", "0"), ("--port", "1025")])
def test_ports_that_cannot_be_are_wrong_use(tmp_path: Path, ports: tuple[str, str]) -> None:
    shown = jibao(tmp_path, "up", *ports)
    assert shown.exit_code == 2 and ("65535" in shown.output or "须各不相同" in shown.output)


def test_what_stands_in_a_folders_place_is_named(home: Path, tmp_path: Path) -> None:
    for other in (tmp_path / "file", tmp_path / "link"):
        office = other.with_name(f"{other.name} office")
        shutil.copytree(home, office)
        shutil.rmtree(office / "backups")
        if other.name == "file":
            (office / "backups").write_bytes(b"")
        else:
            (office / "backups").symlink_to(tmp_path / "nowhere")
        shown = jibao(office, "backup")
        assert shown.exit_code == 3 and "应为文件夹的地方是别的东西" in shown.output
        assert str(office / "backups") in shown.output


def test_a_lost_snapshot_is_made_again_by_doctor(home: Path, tmp_path: Path) -> None:
    office = tmp_path / "office"
    shutil.copytree(home, office)
    (office / "warehouse.snapshot.duckdb").unlink()
    asked = jibao(office, "status", "--period", PERIOD)
    assert asked.exit_code == 3 and "jibao doctor" in asked.output
    jibao(office, "doctor")
    assert jibao(office, "status", "--period", PERIOD).exit_code == 0


def test_a_damaged_backup_changes_nothing(home: Path, tmp_path: Path) -> None:
    jibao(home, "backup")
    body = bytearray(next((home / "backups").glob("jibao-*.tar.gz")).read_bytes())
    body[len(body) // 2] ^= 0xFF
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(body)
    before = _tables(home)
    shown = jibao(home, "restore", str(bad))
    assert shown.exit_code == 3 and "备份文件" in shown.output
    assert _tables(home) == before


def _tables(home: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(home / "warehouse.snapshot.duckdb"), read_only=True) as con:
        con.execute("SET TimeZone = 'Asia/Shanghai'")
        names = [
            r[0]
            for r in con.execute(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"
            ).fetchall()
        ]
        return {n: con.execute(f"FROM main.{n} ORDER BY ALL").fetchall() for n in sorted(names)}
