"""The warehouse made again from journal and archive is the same to the last row, and sends nothing twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from played_office import NOW, PERIODS, mart, without_last_audit

from config.calendar import SHANGHAI
from flows import steps, upkeep
from flows.cli import group
from flows.office import Office
from flows.steps import deciding
from warehouse import ledger
from warehouse.journal import Journal
from warehouse.store import Reader, Store, StoreError


def test_rebuilt_warehouse_is_the_same_to_the_last_row(office: Office) -> None:
    before = mart(office.home.snapshot)
    assert len(before["main.observation"]) > 15 and len(before["mart.decision"]) == 2
    assert {r[0] for r in before["main.publication"]} == set(PERIODS)
    office.home.warehouse.unlink()
    office.home.snapshot.unlink()
    done = upkeep.rebuild(office, NOW)
    assert without_last_audit(mart(office.home.snapshot)) == without_last_audit(before)
    assert (done.missing, done.differing) == ([], [])
    assert done.figures > 15 and done.files >= 3 * len(PERIODS)
    after = mart(office.home.snapshot)
    for name in ("main.audit", "main.journal"):
        assert after[name][:-1] == before[name]
    assert upkeep.prove(office).problems == []


def test_nothing_is_sent_twice_after_a_rebuild(office: Office) -> None:
    sent = sorted(p.name for p in office.home.outbox.glob("*.eml"))
    stamps = {p.name: p.stat().st_mtime_ns for p in office.home.outbox.glob("*.eml")}
    office.home.warehouse.unlink()
    upkeep.rebuild(office, NOW)
    report = steps.deliver(office, NOW)
    assert report.sent == 0
    assert sorted(p.name for p in office.home.outbox.glob("*.eml")) == sent
    assert {p.name: p.stat().st_mtime_ns for p in office.home.outbox.glob("*.eml")} == stamps
    # Work goes on: what was answered before is known, the next quarter opens.
    assert steps.collect(office, NOW, send=False).accepted == 0
    assert steps.open_cycle(office, "2020-Q2", datetime(2020, 7, 1, 9, tzinfo=SHANGHAI)).mails > 0


def test_a_missing_warehouse_is_not_silently_begun_anew(office: Office) -> None:
    office.home.warehouse.unlink()
    with pytest.raises(StoreError, match="jibao rebuild"):
        steps.remind(office, NOW)
    assert not office.home.warehouse.exists()


def test_a_corrupt_warehouse_or_wal_is_told_and_mended(office: Office) -> None:
    before = without_last_audit(mart(office.home.snapshot))
    data = bytearray(office.home.warehouse.read_bytes())
    data[:4096] = os.urandom(4096)
    office.home.warehouse.write_bytes(bytes(data))
    runner = CliRunner()
    told = runner.invoke(group, ["status", "--home", str(office.home.root), "--period", PERIODS[0]])
    told = runner.invoke(group, ["remind", "--home", str(office.home.root)])
    assert told.exit_code == 3 and "jibao" in told.output
    found = runner.invoke(group, ["doctor", "--home", str(office.home.root)])
    assert found.exit_code == 1 and "注意  仓库" in found.output
    mended = runner.invoke(group, ["rebuild", "--home", str(office.home.root)])
    assert mended.exit_code == 0, mended.output
    assert without_last_audit(mart(office.home.snapshot)) == before


def test_a_lost_or_altered_archive_file_is_named(office: Office) -> None:
    files = sorted(p for p in office.home.archive.rglob("*") if p.is_file())
    files[0].unlink()
    files[1].chmod(0o640)
    files[1].write_bytes(b"other")
    done = upkeep.rebuild(office, NOW)
    assert len(done.missing) >= 2 and all("-" in r for r in done.missing)


def test_a_lost_or_altered_letter_is_named(office: Office) -> None:
    """Everything else is rebuilt all the same; the file put back makes it whole again."""
    [path, *_] = sorted(office.home.letters.iterdir())
    kept = path.read_bytes()
    path.write_bytes(kept[:-1] + b"?")
    done = upkeep.rebuild(office, NOW)
    assert len(done.letters) == 1 and not done.missing
    [problem] = upkeep.prove(office).problems
    assert "缺失或被改动" in problem and "letters/" in problem
    path.unlink()
    gone = upkeep.rebuild(office, NOW + timedelta(hours=1)).letters
    assert len(gone) > 1
    [line] = upkeep.told_lost(gone)
    assert "文件不见了" in line and f"{len(gone)} 封邮件" in line
    path.write_bytes(kept)
    assert (
        upkeep.rebuild(office, NOW + timedelta(hours=2)).letters == {} and upkeep.prove(office).problems == []
    )


def test_an_older_warehouse_is_refused(office: Office, tmp_path: Path) -> None:
    shutil.copyfile(office.home.warehouse, tmp_path / "older.duckdb")
    steps.open_cycle(office, "2020-Q2", datetime(2020, 7, 1, 9, tzinfo=SHANGHAI))
    shutil.copyfile(tmp_path / "older.duckdb", office.home.warehouse)
    with pytest.raises(StoreError, match="jibao rebuild"):
        steps.remind(office, NOW)
    upkeep.rebuild(office, NOW)
    with Reader(office.home.snapshot) as reader:
        assert reader.rows("read_cycle", {"period": "2020-Q2"})


_CLOSE_AND_DIE = """
import sys
from datetime import datetime
from pathlib import Path
from config.calendar import SHANGHAI
from flows.office import open_office
from flows.steps import deciding
from warehouse import killpoints
office = open_office(Path(sys.argv[1]), trigger="test")
killpoints.arm(sys.argv[2])
deciding.close(office, sys.argv[3], "李统筹", "结束", datetime(2020, 6, 1, 9, tzinfo=SHANGHAI))
"""


@pytest.mark.parametrize("point", ["journal", "commit", "journal-head-part", "journal-head"])
def test_a_kill_between_journal_and_commit_is_settled(office: Office, point: str) -> None:
    before = without_last_audit(mart(office.home.snapshot))
    words = [sys.executable, "-c", _CLOSE_AND_DIE, str(office.home.root), point, PERIODS[0]]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    with office.store():  # settles
        pass
    proof = upkeep.prove(office)
    assert proof.problems == []
    if "head" in point:  # the commit had come
        assert deciding.is_closed(office, PERIODS[0])
    else:
        assert without_last_audit(mart(office.home.snapshot)) == before
        assert any("作废" in n for n in proof.notices)
        deciding.close(office, PERIODS[0], "李统筹", "结束", NOW)
    held = without_last_audit(mart(office.home.snapshot))
    upkeep.rebuild(office, NOW)
    assert without_last_audit(mart(office.home.snapshot)) == held


def test_half_a_line_of_a_crash_is_dropped(office: Office) -> None:
    [path] = office.journal.files()[-1:]
    with path.open("ab") as file:
        file.write(b'{"hash":"0123')
    deciding.close(office, PERIODS[0], "李统筹", "结束", NOW)
    assert upkeep.prove(office).problems == []


def test_a_lost_journal_is_begun_again_from_the_warehouse(office: Office) -> None:
    held = without_last_audit(mart(office.home.snapshot))
    shutil.rmtree(office.home.audit)
    with office.store():
        pass
    proof = upkeep.prove(office)
    assert any("日志缺少第 1—" in p for p in proof.problems)  # kept going, and never forgotten
    upkeep.rebuild(office, NOW)
    assert without_last_audit(mart(office.home.snapshot)) == held


def test_a_full_disk_leaves_no_half_entry(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    before = without_last_audit(mart(office.home.snapshot))
    real = os.fsync

    def full(handle: int) -> None:
        if "journal-" in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        deciding.close(office, PERIODS[0], "李统筹", "结束", NOW)
    monkeypatch.undo()
    assert without_last_audit(mart(office.home.warehouse)) == before
    assert upkeep.prove(office).problems == []
    deciding.close(office, PERIODS[0], "李统筹", "结束", NOW)
    assert upkeep.prove(office).problems == []


def test_facts_are_never_rewritten(tmp_path: Path) -> None:
    """The journal could not follow it, so the store refuses."""
    from warehouse.journaling import written_table

    assert written_table("-- x\nUPDATE mail SET subject = 'x'") == ("UPDATE", "mail")
    with Store(tmp_path / "w.duckdb", journal=Journal(tmp_path / "audit", lambda: NOW)) as store:
        recorder = store._recorder
        assert recorder is not None
        with pytest.raises(ValueError, match="never changed"):
            recorder.ran("x", "UPDATE mail SET subject = 'x'", {})


def test_mail_events_outside_a_transaction_are_journaled(office: Office) -> None:
    """Every state of every letter: a rebuild must know what left."""
    lines = [
        json.loads(line) for path in office.journal.files() for line in path.read_text("utf-8").splitlines()
    ]
    states = [
        row[t["columns"].index("state")]
        for line in lines
        for t in line["entry"].get("tables", ())
        if t["table"] == "mail_event"
        for row in t["rows"]
    ]
    with office.store() as store:
        assert states.count("sent") == ledger.count_by_state(store)["sent"]
