"""Backups that are proved, restored to the last row, thinned out by steps; what may never be thrown away stays."""

from __future__ import annotations

import os
import random
import tarfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from played_office import NOW, PERIODS, mart, without_last_audit

from config.calendar import SHANGHAI
from config.settings import Keep
from flows import upkeep
from flows.office import Office
from flows.steps import deciding
from flows.upkeep.backups import backups
from flows.upkeep.retention import expired_backups


def tree(root: Path) -> dict[str, bytes]:
    kept = ("archive", "audit", "letters", "quarantine", "returned", "reports", "outbox", "config")
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for folder in kept
        for p in (root / folder).rglob("*")
        if p.is_file()
    }


def test_restored_office_is_the_same_in_every_table_and_file(office: Office) -> None:
    saved = upkeep.backup(office, NOW)
    tables, held = mart(office.home.warehouse), tree(office.home.root)
    assert len(tables["main.observation"]) > 15
    deciding.close(office, PERIODS[0], "李统筹", "结束", NOW)  # and then everything is damaged
    office.home.warehouse.write_bytes(os.urandom(5000))
    (office.home.root / "warehouse.duckdb.wal").write_bytes(os.urandom(500))
    for path in list(office.home.archive.rglob("*"))[:10]:
        if path.is_file():
            path.unlink()
    aside = upkeep.restore(office, saved, NOW + timedelta(hours=1))
    assert without_last_audit(mart(office.home.snapshot)) == without_last_audit(tables)
    after = tree(office.home.root)
    assert {n for n in after if after[n] != held.get(n)} <= {n for n in after if n.startswith("audit/")}, (
        "only the journal goes on: it notes the restore"
    )
    assert set(after) == set(held)
    assert (aside / "warehouse.duckdb").exists() and (aside / "audit").exists()
    assert upkeep.prove(office).problems == []
    [restored] = [r for r in mart(office.home.snapshot)["mart.audit"] if "restore" in r]
    assert saved.name in restored


def test_a_damaged_backup_is_refused_and_nothing_is_touched(office: Office, rounds: object) -> None:
    saved = upkeep.backup(office, NOW)
    before = without_last_audit(mart(office.home.warehouse))
    original = saved.read_bytes()
    rng = random.Random(1)
    for _ in range(5):
        place = rng.randrange(200, len(original) - 200)
        saved.write_bytes(original[:place] + bytes([original[place] ^ 0xFF]) + original[place + 1 :])
        with pytest.raises(upkeep.BackupError):
            upkeep.restore(office, saved, NOW)
    saved.write_bytes(original[: len(original) // 2])
    with pytest.raises(upkeep.BackupError):
        upkeep.restore(office, saved, NOW)
    assert without_last_audit(mart(office.home.warehouse)) == before


def test_a_backup_holds_no_secret_file_and_nothing_outside(office: Office) -> None:
    (office.home.archive / "link").symlink_to("/etc/passwd")
    with tarfile.open(upkeep.backup(office, NOW)) as tar:
        names = tar.getnames()
    assert "archive/link" not in names and not [n for n in names if n.startswith("/") or ".." in n]


def test_no_half_backup_stays_when_the_disk_is_full(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    with pytest.raises(OSError, match="No space"):
        upkeep.backup(office, NOW)
    monkeypatch.undo()
    assert list(office.home.backups.iterdir()) == []
    assert upkeep.backup(office, NOW).exists()


def test_backups_thin_out_by_days_weeks_and_quarters(tmp_path: Path) -> None:
    """Six years of nightly backups, thinned every night."""
    keep = Keep()
    at, found = datetime(2015, 1, 1, 2, 30, tzinfo=SHANGHAI), []
    for _ in range(6 * 365):
        found.append(tmp_path / f"jibao-{at:%Y%m%d-%H%M%S}.tar.gz")
        gone = set(expired_backups(found, keep))
        found = [p for p in found if p not in gone]
        at += timedelta(days=1)
    ages = [(at - datetime.strptime(p.name[6:14], "%Y%m%d").replace(tzinfo=SHANGHAI)).days for p in found]
    assert [a for a in ages if a <= 14] == list(range(14, 0, -1)), "one a day for two weeks"
    assert sum(14 < a <= 60 for a in ages) >= 5 and max(ages) > 365 * 4.5
    assert len(found) <= keep.backups_daily + keep.backups_weekly + keep.backups_quarterly
    quarters = {p.name[6:10] + str((int(p.name[10:12]) - 1) // 3) for p in found}
    assert len(quarters) >= 20, "every quarter of five years has one"


def test_upkeep_removes_only_what_the_settings_name(office: Office) -> None:
    home = office.home
    late = NOW + timedelta(days=365 * 4)
    before = {
        p: p.read_bytes()
        for folder in (home.archive, home.quarantine, home.root / "reports")
        for p in folder.rglob("*")
        if p.is_file()
    }
    journal = b"".join(p.read_bytes() for p in office.journal.files())
    tables = without_last_audit(mart(home.snapshot))
    (home.logs / "old.log.1").write_text("x")
    os.utime(home.logs / "old.log.1", (0, 0))
    (home.logs / "big.log").write_bytes(b"x" * (21 << 20))
    done = upkeep.maintain(office, late)
    assert done.backup and backups(home) and done.logs == 2 and done.workbooks == len(PERIODS)
    assert (home.logs / "big.log").stat().st_size == 0 and (home.logs / "big.log.1").exists()
    assert {p: p.read_bytes() for p in before} == before
    assert b"".join(p.read_bytes() for p in office.journal.files()).startswith(journal)
    assert without_last_audit(mart(home.snapshot)) == tables
    again = upkeep.maintain(office, late + timedelta(minutes=1))
    assert again.workbooks == 0 and again.logs == 0
    assert upkeep.prove(office, quick=True).problems == []
