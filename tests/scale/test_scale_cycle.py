"""A small nation's quarter on PostgreSQL and DuckLake: equal to one machine, and whole whoever is killed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import assault
import duckdb
import nation
import national_office
import psycopg
import pytest
from conftest import setting

from flows import clock, steps
from flows.office import Office
from flows.scale.committing import commit_staged
from flows.scale.slices import Slice, judge_slice, units_of
from warehouse.lake import staging
from warehouse.lake.address import LakeAddress

UNITS, INDICATORS = 120, 8
AT = clock.parse_instant(nation.AS_OF)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configuration and drop folder of 120 units, as files."""
    root = tmp_path_factory.mktemp("nation")
    nation.write_config(root / "config", UNITS, INDICATORS)
    nation.write_inbox(root / "home" / "inbox", UNITS, INDICATORS)
    return root


@pytest.fixture
def where(written: Path, lake: LakeAddress, tmp_path: Path) -> Office:
    root = tmp_path / "office"
    shutil.copytree(written, root)
    found = national_office.office(root, lake)
    national_office.open_quarter(found, UNITS, INDICATORS)
    return found


def dropped(office: Office) -> list[Path]:
    return sorted(office.home.inbox.glob("*/*.*"))


def test_slices_cover_every_unit_once_and_never_cut_a_city(written: Path) -> None:
    office = national_office.office(written)
    for parts in (1, 2, 3, 7, 50):
        found = [units_of(office, Slice(p, parts)) for p in range(1, parts + 1)]
        assert sum(map(len, found)) == UNITS
        assert set().union(*found) == {u.code for u in office.config.units}
        for units in found:
            assert len({u.city for u in office.config.units if u.code in units}) * nation.CITY_UNITS >= len(
                units
            )
            cities = {u.city for u in office.config.units if u.code in units}
            assert all(u.code in units for u in office.config.units if u.city in cities)


def test_a_quarter_on_the_lake_equals_the_quarter_on_one_machine(
    where: Office, written: Path, tmp_path: Path
) -> None:
    for part in (1, 2):
        assert len(judge_slice(where, Slice(part, 2), AT, nation.PERIOD).batches) == 1
    # Sent again before it was loaded: nothing is judged twice.
    assert judge_slice(where, Slice(1, 2), AT, nation.PERIOD).files == 0
    assert len(dropped(where)) == UNITS
    assert where.lake is not None
    loaded = national_office.command(
        where.home.root.parent, setting(where.lake), "scale", "commit", "--as-of", nation.AS_OF
    )
    assert f"入库 {UNITS} 份" in national_office.finish(loaded)
    assert dropped(where) == []
    assert staging.list_ready(where.home.staging) == []
    assert commit_staged(where, AT).commits == 0

    alone_at = tmp_path / "alone"
    shutil.copytree(written, alone_at)
    alone = national_office.office(alone_at)
    national_office.open_quarter(alone, UNITS, INDICATORS)
    steps.collect(alone, AT, period=nation.PERIOD, send=False)
    for office in (where, alone):
        assert national_office.assess(office) > 0
    with where.reader() as on_lake, alone.reader() as on_file:
        ours, theirs = national_office.digest(on_lake), national_office.digest(on_file)
        assert on_lake.con.execute("SELECT count(*) FROM mart.finding").fetchone() > (10,)
    assert ours == theirs
    with psycopg.connect(where.lake.conninfo) as session:
        gate = session.execute(
            f"SELECT count(*), count(DISTINCT run_id) FROM {where.lake.schema}.submission_gate"
        )
        assert gate.fetchone() == (UNITS, 1)


def test_what_changed_since_it_was_judged_is_judged_again(where: Office) -> None:
    judge_slice(where, Slice(1, 2), AT, nation.PERIOD)
    # Meanwhile one of its units sends a correction, which is loaded first.
    held = staging.list_ready(where.home.staging)[0]
    aside = held.folder.rename(where.home.staging / "aside")
    mine = next(d for d in dropped(where) if d.parent.name == "U00000")
    mine.with_name("later.xlsx").write_bytes(nation.upload(0, INDICATORS, version=1))
    judge_slice(where, Slice(1, 2), AT, nation.PERIOD)
    newer = staging.list_ready(where.home.staging)[0]
    assert commit_staged(where, AT, at_least=1).submissions == newer.manifest["submissions"]
    # The first batch comes back, as from a slow disk: all its files were loaded with the second, nothing is doubled.
    aside.rename(held.folder)
    assert commit_staged(where, AT, at_least=1).known == held.manifest["submissions"]
    assert staging.list_ready(where.home.staging) == []

    # Two batches of one unit, judged without knowing of each other: the second is thrown away and its file kept.
    for version in (2, 3):
        folder = where.home.inbox / "U00001"
        (folder / f"v{version}.xlsx").write_bytes(nation.upload(1, INDICATORS, version))
        judge_slice(where, Slice(1, 2), AT, nation.PERIOD)
    done = commit_staged(where, AT, at_least=1)
    assert (done.submissions, len(done.stale)) == (1, 1)
    left = [d.name for d in dropped(where) if d.parent.name == "U00001"]
    assert len(left) == 1
    judge_slice(where, Slice(1, 2), AT, nation.PERIOD)
    assert commit_staged(where, AT, at_least=1).submissions == 1
    assert [d for d in dropped(where) if d.parent.name == "U00001"] == []


def test_few_submissions_wait_for_others_but_not_for_ever(
    where: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in dropped(where)[10:]:
        path.unlink()
    judge_slice(where, Slice(1, 2), AT, nation.PERIOD)
    waiting = commit_staged(where, AT)
    assert (waiting.submissions, waiting.waiting) == (0, 1)
    monkeypatch.setattr("flows.scale.committing.PATIENCE_S", 0.0)
    assert commit_staged(where, AT).submissions == 10


def test_a_damaged_batch_is_told_and_its_files_are_judged_again(where: Office) -> None:
    judge_slice(where, Slice(2, 2), AT, nation.PERIOD)
    (batch,) = staging.list_ready(where.home.staging)
    body = bytearray(batch.rows_file.read_bytes())
    body[len(body) // 2] ^= 1
    batch.rows_file.write_bytes(body)
    done = commit_staged(where, AT)
    assert (done.submissions, len(done.damaged)) == (0, 1)
    assert done.has_problems
    assert len(dropped(where)) == UNITS
    judge_slice(where, Slice(2, 2), AT, nation.PERIOD)
    assert commit_staged(where, AT).submissions == batch.manifest["submissions"]


def test_a_batch_of_the_version_before_is_loaded_after_an_upgrade(where: Office) -> None:
    """Written before names were read, beside one that has them."""
    for number in (1, 2):
        judge_slice(where, Slice(number, 2), AT, nation.PERIOD)
    batches = staging.list_ready(where.home.staging)
    older = batches[0]
    with duckdb.connect() as con:
        con.read_parquet(str(older.rows_file)).project("* EXCLUDE (item_name)").create("former")
        con.table("former").write_parquet(str(older.rows_file))
    files = {
        **older.manifest["files"],
        staging.ROWS: hashlib.sha256(older.rows_file.read_bytes()).hexdigest(),
    }
    manifest = json.dumps({**older.manifest, "files": files}, ensure_ascii=False)
    (older.folder / staging.MANIFEST).write_text(manifest, "utf-8")
    done = commit_staged(where, AT, at_least=1)
    assert done.damaged == [] and done.submissions == sum(b.manifest["submissions"] for b in batches) == UNITS
    assert dropped(where) == []


@pytest.mark.stress
@pytest.mark.parametrize("workers", [2, 4, 8])
def test_killed_at_random_nothing_is_lost_or_doubled(
    workers: int, lake: LakeAddress, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    if workers != 4 and not os.environ.get("JIBAO_STRESS"):
        pytest.skip("4 workers stand for the others here")
    units, times = 60, rounds(1, 10)
    nation.write_config(tmp_path / "config", units, assault.INDICATORS)
    office = national_office.office(tmp_path, lake)
    national_office.open_quarter(office, units, assault.INDICATORS)
    words = [sys.executable, Path(assault.__file__), tmp_path, setting(lake), workers, times, workers]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "scale")])
    done = subprocess.run(
        list(map(str, words)), env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False,
        timeout=3600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["rounds"] == times
    assert told["killed"] >= times
    assert told["failed"] == 0, done.stderr[-3000:]
    assert dropped(office) == []
    with office.reader() as reader:
        one = lambda sql: reader.con.execute(sql).fetchone()[0]  # noqa: E731
        # Nothing lost: every version of every unit, its bytes in the archive, its answer queued.
        assert one("SELECT count(*) FROM submission") == units * times
        assert one("SELECT count(*) FROM mail WHERE kind IN ('receipt', 'return')") == units * times
        kept = sum(1 for p in office.home.archive.rglob("*") if p.is_file())
        held = sum(1 for p in office.home.quarantine.glob("*") if p.is_file() and p.suffix != ".json")
        assert kept + held == one("SELECT count(DISTINCT sha256) FROM submission")
        # Nothing doubled.
        for table, key in (
            ("submission", "submission_id"), ("mail", "dedupe_key"), ("arrival", "(submission_id, entry)"),
            ("observation", "(unit, item, period, revision)"), ("verdict", "sequence"),
        ):  # fmt: skip
            assert one(f"SELECT count(*) - count(DISTINCT {key}) FROM {table}") == 0, table
        # A good file's first figure grew by one a round: no version was skipped or overtaken.
        good = "unit IN (SELECT unit FROM mart.submission GROUP BY unit HAVING bool_and(status = 'accepted' OR status = 'superseded'))"
        last = one(f"SELECT count(*) FROM mart.observation WHERE period = '{nation.PERIOD}' AND indicator = 'I-00' AND {good}"
                   f" AND revision <> {times}")  # fmt: skip
        assert last == 0
    assert where_work_is_left(office) == []


def where_work_is_left(office: Office) -> list[Path]:
    return [*staging.list_ready(office.home.staging)]
