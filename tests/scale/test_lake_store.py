"""What the lake promises as a store: one writer, signed commits, every submission once, nothing lost by upkeep."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import psycopg
import pytest
from mail_samples import Desk, letter
from nation import write_config
from national_office import office

from flows.scale.tending import move_into_lake
from warehouse import ledger
from warehouse.lake.address import LakeAddress
from warehouse.lake.upkeep import move_in, tidy
from warehouse.store import Reader, Store, StoreError

NOW = datetime(2020, 7, 10, 9, tzinfo=UTC)
SUBMISSION = (
    "submission_id", "receipt_no", "unit", "received_at", "file_name", "sha256", "size_bytes", "file_kind",
)  # fmt: skip
RUN_END = ("run_id", "ended_at", "outcome")


def submit(store: Store, *ids: str) -> None:
    store.append("submission", SUBMISSION, [(i, i, "U", NOW, "f.xlsx", i, 1, "xlsx") for i in ids])


def ids(source: Store | Reader) -> list[str]:
    return [r[0] for r in source.con.execute("SELECT submission_id FROM submission ORDER BY 1").fetchall()]


@pytest.fixture
def store(lake: LakeAddress, tmp_path: Path) -> Store:
    return Store(tmp_path / "w.duckdb", lake=lake)


def test_a_submission_enters_gate_and_lake_together_or_neither(
    store: Store, lake: LakeAddress, tmp_path: Path
) -> None:
    with store:
        store.sign("run-1", "collect")
        with store.transaction():
            submit(store, "a", "b")
        with pytest.raises(duckdb.Error, match="loaded before"), store.transaction():
            submit(store, "b", "c")
        with store.transaction():
            submit(store, "c")
        assert ids(store) == ["a", "b", "c"]
    with psycopg.connect(lake.conninfo) as session:
        gate = session.execute(
            f"SELECT submission_id, run_id FROM {lake.schema}.submission_gate ORDER BY 1"
        ).fetchall()
    assert gate == [("a", "run-1"), ("b", "run-1"), ("c", "run-1")]


def test_snapshots_carry_the_run(store: Store) -> None:
    with store:
        store.sign("run-7", "collect")
        with store.transaction():
            submit(store, "a")
        store.append("run_end", RUN_END, [("run-7", NOW, "done")])  # alone: a commit of its own
        signed = store.con.execute(
            "SELECT author, commit_message FROM lake.snapshots() WHERE author = 'run-7'"
        )
        assert signed.fetchall() == [("run-7", "collect run-7")] * 2


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    with store:
        with pytest.raises(ZeroDivisionError), store.transaction():
            submit(store, "a")
            raise ZeroDivisionError
        with store.transaction():
            submit(store, "a")
        assert ids(store) == ["a"]


def test_the_second_writer_waits_for_the_first(store: Store, lake: LakeAddress, tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with Store(tmp_path / "w.duckdb", lake=lake) as other, other.transaction():
            order.append("second")
            submit(other, "b")

    with store:
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(1.5)
        assert waiting.is_alive()
        with store.transaction():
            submit(store, "a")
        order.append("first")
    waiting.join(60)
    assert order == ["first", "second"]


def test_a_writer_that_was_cut_off_cannot_write_over_its_successor(
    store: Store, lake: LakeAddress, tmp_path: Path
) -> None:
    with store:
        with psycopg.connect(lake.conninfo, autocommit=True) as session:
            # As when the network between this writer and the database breaks.
            session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                " AND objid = hashtext(%s)::BIGINT & 4294967295",
                [lake.schema],
            )
        with Store(tmp_path / "w.duckdb", lake=lake) as successor, successor.transaction():
            submit(successor, "b")
        with pytest.raises(duckdb.Error, match="was replaced"), store.transaction():
            submit(store, "a")
        with pytest.raises(duckdb.Error, match="was replaced"):
            store.append("run_end", RUN_END, [("r", NOW, "done")])
    with Reader(tmp_path / "none", lake=lake) as reader:
        assert ids(reader) == ["b"]


def test_a_reader_sees_one_state_and_never_waits(store: Store, lake: LakeAddress, tmp_path: Path) -> None:
    with store:
        with store.transaction():
            submit(store, "a")
        with Reader(tmp_path / "none", lake=lake) as reader:
            assert reader.has_data()
            assert ids(reader) == ["a"]
            with store.transaction():
                submit(store, "b")
            assert ids(reader) == ["a"]
            with pytest.raises(duckdb.Error):
                reader.con.execute("INSERT INTO run_end VALUES ('r', now(), 'done')")
        with Reader(tmp_path / "none", lake=lake) as reader:
            assert ids(reader) == ["a", "b"]


def test_before_the_first_opening_there_is_no_data(bare_lake: LakeAddress, tmp_path: Path) -> None:
    nobody = Reader(tmp_path / "none", lake=bare_lake)
    assert not nobody.has_data()
    with pytest.raises(StoreError, match="还没有数据"), nobody:
        pass
    with Store(tmp_path / "w.duckdb", lake=bare_lake):
        pass
    assert nobody.has_data()


def test_tidying_merges_files_and_keeps_every_snapshot(store: Store) -> None:
    rows = [("r", NOW, "done")] * 50
    with store:
        for _ in range(6):
            store.append("run_end", RUN_END, rows)
        middle = store.con.execute("SELECT max(snapshot_id) - 3 FROM lake.snapshots()").fetchone()
        assert middle is not None
        past = f"SELECT count(*) FROM run_end AT (VERSION => {middle[0]})"
        then = store.con.execute(past).fetchone()
        done = tidy(store, NOW)
        assert done.files_after < done.files_before
        assert store.con.execute("SELECT count(*) FROM run_end").fetchone() == (300,)
        assert store.con.execute(past).fetchone() == then == (150,)
        with pytest.raises(StoreError, match="不能清除"):
            tidy(store, NOW, expire_before=NOW - timedelta(days=100))
        assert tidy(store, NOW, expire_before=datetime(2018, 12, 31, tzinfo=UTC)).expired == 0


def test_a_single_file_moves_in_and_a_copy_comes_out(store: Store, lake: LakeAddress, tmp_path: Path) -> None:
    with Store(tmp_path / "single.duckdb") as single, single.transaction():
        submit(single, "a", "b")
        single.append("run_end", RUN_END, [("r", NOW, "done")])
    with store:
        moved = move_in(store, tmp_path / "single.duckdb")
        assert (moved["submission"], moved["run_end"]) == (2, 1)
        with pytest.raises(duckdb.Error, match="loaded before"), store.transaction():
            submit(store, "a")
        store.append("run", ("run_id", "flow", "parameters", "trigger", "started_at", "config_hash", "code_version"),
                     [("r", "collect", "{}", "test", NOW, "c", "0")])  # fmt: skip
        with pytest.raises(StoreError, match="已有数据"):
            move_in(store, tmp_path / "single.duckdb")
        store.save_copy(tmp_path / "out.duckdb")
    with Reader(tmp_path / "none", lake=lake) as reader:
        reader.save_copy(tmp_path / "read.duckdb")
    for name in ("out", "read"):
        with Store(tmp_path / f"{name}.duckdb") as copy:
            assert ids(copy) == ["a", "b"]
            assert copy.con.execute("FROM mart.submission").fetchall()


def test_the_letters_move_with_their_warehouse(lake: LakeAddress, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "old", letter(0), letter(1))
    write_config(tmp_path / "config", 2)
    moved = office(tmp_path, lake)
    assert move_into_lake(moved, desk.folder / "w.duckdb")["mail"] == 2
    with moved.store() as store:
        assert ledger.unreadable(store, store.letters) == {}
        assert ledger.show(store, letter(1).mail_id).mail["eml"] == letter(1).eml


def test_no_password_shows_in_what_duckdb_tells_of_its_databases(store: Store, lake: LakeAddress) -> None:
    word = Path(lake.conninfo.partition("passfile=")[2].split()[0]).read_text().strip().rpartition(":")[2]
    with store:
        told = str(store.con.execute("SELECT * FROM duckdb_databases()").fetchall())
    assert word not in told
