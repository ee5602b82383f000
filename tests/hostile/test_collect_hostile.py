"""Attacks, crowds and real files of others through the real collection: all answered, the good ones counted."""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
from datetime import timedelta
from pathlib import Path

import pytest
from drop_folder import COLLECTED, PERIOD, Desk, open_desk
from test_intake_hostile import CONTENTS, CORPORA, good

from flows import steps
from flows.office import open_office
from flows.steps import taking
from warehouse.intake.guard import Refusal
from warehouse.intake.reading import Landing

LATER = COLLECTED + timedelta(hours=2)
RATHER_NASTY = {
    "newline": "一\n二.xlsx".encode(),
    "bidi": "报表\u202excsl.xlsx".encode(),
    "255 bytes": b"a" * 250 + b".xlsx",
    "GBK": "季报表.xlsx".encode("gbk"),
    "globs and quotes": b"*?[x]'\"$(id);.xlsx",
    "template": b"{{7*7}}<b>{% for %}.xlsx",
}


@pytest.fixture()
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path / "home")


def twenty_good(desk: Desk) -> list[str]:
    units = [u.code for u in desk.office.config.units][:20]
    for unit in units:
        desk.drop(unit, f"{unit}.xlsx", desk.book(unit))
    return units


def accepted(desk: Desk) -> set[str]:
    return {u for (u,) in desk.sql("SELECT unit FROM mart.submission WHERE status LIKE 'accepted%'")}


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not beside the repository")
def test_real_files_of_others_beside_twenty_good_uploads(tmp_path: Path) -> None:
    alone, crowded = open_desk(tmp_path / "alone"), open_desk(tmp_path / "crowded")
    alone.drop("SWJ", "热身.xlsx", alone.book("SWJ"))
    alone.collect()  # loads the libraries
    units = twenty_good(alone)
    began = time.monotonic()
    alone.collect()
    took_alone = time.monotonic() - began
    twenty_good(crowded)
    for n, path in enumerate(p for p in sorted(CORPORA.rglob("*")) if p.is_file()):
        crowded.drop(units[n % 5], f"{n}_{path.name}", path.read_bytes())
    began = time.monotonic()
    crowded.collect()
    took = time.monotonic() - began
    assert accepted(crowded) == set(units) <= accepted(alone)
    crowded.check_invariant()
    assert took <= 3 * took_alone + 20, (took, took_alone)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1 << 20  # KB: no reader above 1 GB


def test_every_attack_is_held_with_a_reason_and_harms_nobody(desk: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "outside.xlsx"
    secret = good(9)
    outside.write_bytes(secret)
    before = outside.stat()
    units = twenty_good(desk)
    contents = {name: make() for name, (make, _) in CONTENTS.items()}
    for name, body in contents.items():
        desk.drop(units[0], f"{name}.xlsx".replace("/", " "), body)
    inbox = desk.office.home.inbox / units[1]
    (inbox / "link.xlsx").symlink_to(outside)
    (inbox / "link to home.xlsx").symlink_to(desk.office.home.warehouse)
    os.mkfifo(inbox / "pipe.xlsx")
    (inbox / "hard.xlsx").hardlink_to(outside)
    (inbox / "empty.xlsx").write_bytes(b"")
    with (inbox / "sparse.xlsx").open("wb") as sparse:
        sparse.truncate(1 << 30)
    (inbox / "folder.xlsx").mkdir()
    entries = ("link.xlsx", "link to home.xlsx", "pipe.xlsx", "hard.xlsx", "empty.xlsx", "sparse.xlsx")
    for name in ("empty.xlsx", "sparse.xlsx"):
        os.utime(inbox / name, (time.time() - 60,) * 2)
    os.utime(inbox / "pipe.xlsx", (time.time() - 60,) * 2)
    time.sleep(2.1)  # links cannot be made older
    result = desk.collect()
    assert set(units) == accepted(desk)
    held = dict(desk.sql("SELECT file_name, reason FROM mart.submission WHERE status = 'quarantined'"))
    assert {f"{n}.xlsx".replace("/", " ") for n in contents} | set(entries) == set(held)
    assert all(reason.endswith("。") and len(reason) > 10 for reason in held.values())
    assert result.waiting == [f"{units[1]}/folder.xlsx"]
    assert [p.name for p in inbox.iterdir()] == ["folder.xlsx"]
    assert outside.read_bytes() == secret and outside.stat().st_mtime == before.st_mtime
    assert sorted(p.name for p in tmp_path.iterdir()) == ["home", "outside.xlsx"]
    kept = list(desk.office.home.quarantine.iterdir())
    assert sum(p.is_symlink() for p in kept) == 2 and sum(p.is_fifo() for p in kept) == 1
    assert len(desk.answers(units[1])) == 1 + len(entries)
    assert desk.collect(LATER).lines == []


def test_names_are_shown_safely_and_their_files_counted(desk: Desk) -> None:
    units = [u.code for u in desk.office.config.units][: len(RATHER_NASTY)]
    for unit, name in zip(units, RATHER_NASTY.values(), strict=True):
        desk.drop(unit, name, desk.book(unit))
    desk.collect()
    assert accepted(desk) == set(units)
    desk.check_invariant()
    for (name,) in desk.sql("SELECT file_name FROM mart.submission"):
        assert name.isprintable() and len(name) <= 120
    for unit in units:
        assert "\n" not in desk.answers(unit)[0]["subject"]
    assert "{{7*7}}<b>" in desk.text(desk.answers(units[-1])[0]), "as written, not evaluated"


def test_two_different_refused_files_of_one_name_are_both_kept(desk: Desk) -> None:
    limit = desk.office.config.settings.intake.max_bytes
    for n in (1, 2):
        desk.drop("SWJ", "大.xlsx", bytes([n]) + bytes(limit + n))
        desk.collect(COLLECTED + timedelta(minutes=n))
    kept = [p for p in desk.office.home.quarantine.iterdir() if p.suffix != ".json"]
    assert sorted(p.stat().st_size for p in kept) == [limit + 2, limit + 3]
    assert len(desk.answers("SWJ")) == 2


def test_what_a_dead_collection_left_is_tidied_and_given_back(desk: Desk) -> None:
    landing = desk.office.home.landing
    (landing / ".landing-half").write_bytes(b"half")
    (landing / ("0" * 64)).write_bytes(b"copy")
    claims = landing / ".claims" / "SWJ"
    claims.mkdir(parents=True)
    moved = desk.drop("SWJ", "一.xlsx", desk.book("SWJ"))
    moved.rename(claims / "一.xlsx")
    assert [x["status"] for x in desk.collect().lines] == ["accepted"]
    desk.check_invariant()


def _collect(root: str, started: object, at_minutes: int) -> None:
    office = open_office(Path(root), trigger="test")
    started.wait()  # type: ignore[attr-defined]
    steps.collect(office, COLLECTED + timedelta(minutes=at_minutes), send=False)


def test_the_same_bytes_twenty_times_collected_by_four_at_once(desk: Desk) -> None:
    body = desk.book("SWJ")
    for n in range(20):
        desk.drop("SWJ", f"报表({n}).xlsx", body)
    spawn = multiprocessing.get_context("spawn")
    started = spawn.Barrier(4)
    workers = [
        spawn.Process(target=_collect, args=(str(desk.office.home.root), started, n)) for n in range(4)
    ]
    for w in workers:
        w.start()
    for w in workers:
        w.join(120)
    assert [w.exitcode for w in workers] == [0] * 4
    assert desk.sql("SELECT count(*), max(revision_count) > 0 FROM mart.submission") == [(1, True)]
    assert desk.sql("SELECT max(revision) FROM mart.observation_history") == [(1,)]
    desk.check_invariant()
    receipts = [m for m in desk.answers("SWJ") if "【回执】" in m["subject"]]
    assert len(receipts) == 1, "the others are told that it had been received"
    number = receipts[0]["subject"].split()[0].removeprefix("【回执】")
    assert all(number in m["subject"] or number in desk.text(m) for m in desk.answers("SWJ"))


@pytest.mark.parametrize("moment", ["before the copy", "after the copy", "after the commit"])
def test_a_new_version_during_a_collection_is_taken_now_or_next_never_half(desk: Desk, moment: str) -> None:
    """50 rounds: the old and the new version are both complete wherever they end."""
    office, landing = desk.office, desk.office.home.landing
    for n in range(50):
        old, new = b"old %d " % n * 9000, b"new %d " % n * 9000
        path = desk.drop("SWJ", "表.csv", old)
        (candidate,) = taking.settled(office, office.home.inbox).ready
        if moment == "before the copy":
            _replace(path, new)
        arrived = taking.take(office, candidate, None)
        assert arrived is not None
        if moment == "after the copy":
            _replace(path, new)
        seen = [arrived.copy.path.read_bytes()] if isinstance(arrived.copy, Landing) else []
        if moment == "after the commit":
            _replace(path, new)
        taking.clear(office, [arrived])
        left = [p.read_bytes() for p in (office.home.inbox / "SWJ").iterdir()]
        assert seen + left in ([old, new], [new, new], [new])
        for p in (office.home.inbox / "SWJ").iterdir():
            p.unlink()
        assert not [p for p in landing.rglob(".claims/*/*")]


def _replace(path: Path, body: bytes) -> None:
    fresh = path.with_name(".fresh")
    fresh.write_bytes(body)
    os.utime(fresh, (time.time() - 30,) * 2)
    fresh.replace(path)


def test_a_file_overwritten_in_place_while_it_is_copied_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.drop("SWJ", "表.xlsx", desk.book("SWJ"))
    real, calls = os.read, []

    def read(handle: int, size: int) -> bytes:
        if not calls:
            calls.append(1)
            path.write_bytes(path.read_bytes()[:3000])
        return real(handle, size)

    (candidate,) = taking.settled(desk.office, desk.office.home.inbox).ready
    monkeypatch.setattr("warehouse.intake.guard.os.read", read)
    arrived = taking.take(desk.office, candidate, None)
    assert arrived is not None and isinstance(arrived.copy, Refusal) and arrived.copy.is_passing
    monkeypatch.undo()
    assert PERIOD in str(desk.office.home.workbooks(PERIOD)) and path.exists()


def test_a_flood_of_one_folder_starves_no_other(desk: Desk) -> None:
    """1,000 junk files, older than everybody's: the others are answered by the first batch."""
    units = twenty_good(desk)
    flooder = desk.office.config.units[30].code
    for n in range(1000):
        desk.drop(flooder, f"{n}.csv", b"junk,%d" % n, age=3600)
    desk.drop(flooder, "季报.xlsx", desk.book(flooder))
    desk.collect()
    runs = [r for (r,) in desk.sql("SELECT run_id FROM mart.run WHERE flow = 'collect' ORDER BY started_at")]
    first = {
        u
        for (u,) in desk.sql(
            "SELECT DISTINCT s.unit FROM main.verdict v JOIN main.submission s USING (submission_id) WHERE v.run_id = ?",
            runs[0],
        )
    }
    assert set(units) | {flooder} == first and len(runs) > 2
    assert accepted(desk) == {*units, flooder}
    desk.check_invariant()


def test_a_file_gone_after_it_was_copied_counts_all_the_same(desk: Desk) -> None:
    path = desk.drop("SWJ", "表.xlsx", desk.book("SWJ"))
    (candidate,) = taking.settled(desk.office, desk.office.home.inbox).ready
    arrived = taking.take(desk.office, candidate, None)
    path.rename(path.with_name("改名.xlsx"))
    assert arrived is not None and taking.clear(desk.office, [arrived]) == []
    assert path.with_name("改名.xlsx").exists()
    gone = taking.take(desk.office, candidate, None)
    assert gone is not None and isinstance(gone.copy, Refusal) and gone.copy.is_passing
