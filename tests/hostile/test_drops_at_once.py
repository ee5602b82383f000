"""People and machines at the drop folder at the same moment: copies, newer versions, removals, floods, locked folders."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from drop_folder import COLLECTED, Desk, open_desk

from flows import steps
from flows.office import open_office
from warehouse import killpoints

Rounds = Callable[[int, int], int]


@pytest.fixture()
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path / "home")


def under_stress_only(rounds: Rounds, is_spared: bool) -> None:
    """One or two of a kind in every run, all of them under stress."""
    if is_spared and not rounds(0, 1):
        pytest.skip("under stress only")


@contextmanager
def at_point(point: str, act: Callable[[], object]) -> Iterator[None]:
    """Does ``act`` once, the first time the collection reaches ``point``."""
    acts = [act]

    def reached(name: str) -> None:
        if name == point and acts:
            acts.pop()()

    killpoints.listen(reached)
    try:
        yield
    finally:
        killpoints.listen(None)
    assert not acts, f"{point} was never reached"


def _copy(source: str, folder: str, name: str, ready: Any) -> None:
    """As a clerk's machine copies: into place, bit by bit, then left alone."""
    ready.wait()
    with Path(source).open("rb") as read, Path(folder, name).open("wb") as write:
        while block := read.read(1000):
            write.write(block)
            write.flush()


def _collect(root: str, ready: Any) -> None:
    office = open_office(Path(root), trigger="test")
    ready.wait()
    for n in range(3):
        steps.collect(office, COLLECTED + timedelta(minutes=n), send=False)
        time.sleep(1)


@pytest.mark.stress
def test_twenty_copy_the_same_file_at_once(tmp_path: Path, rounds: Rounds) -> None:
    """Twenty processes copy one file under twenty names while another collects: one submission, one receipt."""
    for n in range(rounds(1, 20)):
        desk = open_desk(tmp_path / str(n))
        unit = "SWJ"
        source = tmp_path / "季报.xlsx"
        source.write_bytes(desk.book(unit))
        folder = desk.office.home.inbox / unit
        fork = multiprocessing.get_context("fork")
        ready = fork.Barrier(21)
        names = [f"季报({i}).xlsx" for i in range(20)]
        people = [fork.Process(target=_copy, args=(str(source), str(folder), name, ready)) for name in names]
        people.append(fork.Process(target=_collect, args=(str(desk.office.home.root), ready)))
        for p in people:
            p.start()
        for p in people:
            p.join(120)
        assert [p.exitcode for p in people] == [0] * 21
        desk.collect(COLLECTED + timedelta(hours=1))
        desk.dropped = [(unit, name, _digest(source)) for name in names]
        desk.check_invariant()
        assert desk.sql("SELECT count(*) FROM mart.submission") == [(1,)]
        receipts = [m for m in desk.answers(unit) if "【回执】" in m["subject"]]
        assert len(receipts) == 1, "the others are told that it had been received"
        assert desk.sql("SELECT max(revision) FROM mart.observation_history") == [(1,)]
        shutil.rmtree(tmp_path / str(n))


@pytest.mark.stress
@pytest.mark.parametrize("point", ["claim", "parse", "check", "archive", "committed", "withdrawn"])
def test_a_new_version_while_a_collection_runs(desk: Desk, rounds: Rounds, point: str) -> None:
    """The old one counts now, the new one next, whole and once each."""
    under_stress_only(rounds, point not in ("parse", "withdrawn"))
    rather = desk.figures("SWJ")
    item = next(i for i, f in rather.items() if isinstance(f.value, float))
    for n in range(rounds(1, 9)):
        from flows import sample

        old = desk.book("SWJ", sample.with_factor(rather, item, 1 + n / 50))
        new = desk.book("SWJ", sample.with_factor(rather, item, 1 + n / 50 + 0.01))
        path = desk.drop("SWJ", "季报.xlsx", old)

        def overwrite(path: Path = path, new: bytes = new) -> None:
            fresh = path.with_name(".季报.fresh")
            fresh.write_bytes(new)
            os.utime(fresh, (time.time() - 30,) * 2)
            fresh.replace(path)

        moment = COLLECTED + timedelta(hours=n)
        with at_point(point, overwrite):
            desk.collect(moment)
        desk.dropped.append(("SWJ", "季报.xlsx", _digest_of(new)))
        desk.collect(moment + timedelta(minutes=30))
        assert desk.sql("SELECT count(*) FROM mart.submission") == [(2 * n + 2,)]
        assert not list((desk.office.home.inbox / "SWJ").iterdir())
        standing = desk.sql("SELECT DISTINCT submission_id FROM mart.observation WHERE indicator = ?", item)
        newest = desk.sql("SELECT submission_id FROM mart.submission WHERE sha256 = ?", _digest_of(new))
        assert standing == newest, "the newer figure stands"
    desk.check_invariant()


@pytest.mark.stress
@pytest.mark.parametrize("what", ["deleted", "renamed"])
@pytest.mark.parametrize("point", ["claim", "parse", "check", "archive", "commit"])
def test_gone_after_it_was_claimed_the_copy_counts(desk: Desk, rounds: Rounds, what: str, point: str) -> None:
    under_stress_only(rounds, (what, point) not in (("deleted", "claim"), ("renamed", "commit")))
    path = desk.drop("SWJ", "季报.xlsx", desk.book("SWJ"))
    away = path.with_name("改名.xlsx")
    act = path.unlink if what == "deleted" else lambda: path.rename(away)
    with at_point(point, act):
        result = desk.collect()
    assert result.accepted + result.accepted_with_warnings == 1
    if what == "renamed":
        # Under its new name it is another entry: answered as a copy, in this collection or the next.
        desk.dropped.append(desk.dropped[0])
        desk.collect(COLLECTED + timedelta(hours=1))
    desk.check_invariant()


@pytest.mark.stress
def test_a_flood_keeps_nobody_waiting(tmp_path: Path, rounds: Rounds) -> None:
    """10,000 files and 2 GB in one folder: the answers of the others leave in at most twice the usual time."""
    usual = answered_after(tmp_path / "usual", rounds(8, 58), lambda desk, unit: None)

    def flood(desk: Desk, unit: str) -> None:
        for n in range(rounds(60, 10_000)):
            desk.drop(unit, f"{n}.csv", b"junk,%d" % n, age=3600)
        body = bytearray(os.urandom(1 << 20) * 20)[:20_000_000]
        for n in range(rounds(1, 100)):
            body[:8] = n.to_bytes(8, "big")
            desk.drop(unit, f"{n}.xlsx", bytes(body), age=7200)

    took = answered_after(tmp_path / "flooded", rounds(8, 58), flood)
    print(f"flooded: answered after {took:.1f} s, usual {usual:.1f} s")  # noqa: T201
    assert took <= 2 * usual + rounds(4, 0), (took, usual)


def answered_after(home: Path, reporters: int, flood: Callable[[Desk, str], None]) -> float:
    """Seconds until the last of the ordinary reporters has its answer in the mail."""
    desk = open_desk(home)
    steps.deliver(desk.office, COLLECTED)
    codes = [u.code for u in desk.office.config.units]
    desk.drop("SWJ", "热身.xlsx", desk.book("SWJ"), age=7200)
    desk.collect()  # loads the libraries
    steps.deliver(desk.office, COLLECTED)
    for unit in codes[:reporters]:
        desk.drop(unit, f"{unit}.xlsx", desk.book(unit), age=60)
    flood(desk, codes[58])
    clerks = {desk.office.config.contacts.clerk(u).mail for u in codes[:reporters]}  # type: ignore[union-attr]
    before = set(desk.office.home.outbox.glob("*.eml"))
    began, last = time.monotonic(), [0.0]

    def seen(point: str) -> None:
        if point == "sink" and not last[0]:
            new = set(desk.office.home.outbox.glob("*.eml")) - before
            if clerks <= {p.name.split("_")[1] for p in new}:
                last[0] = time.monotonic() - began

    killpoints.listen(seen)
    try:
        steps.collect(desk.office, COLLECTED + timedelta(minutes=5), send=True)
    finally:
        killpoints.listen(None)
    assert last[0], "everybody was answered"
    assert (
        desk.sql("SELECT count(DISTINCT unit) FROM mart.submission WHERE status LIKE 'accepted%'")[0][0]
        >= reporters
    )
    shutil.rmtree(home)
    return last[0]


@contextmanager
def bound_by_modes() -> Iterator[None]:
    """Root as everybody else: modes and owners of files count."""
    libc, header = ctypes.CDLL(None, use_errno=True), (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice 32 bits
    assert libc.capget(header, sets) == 0
    lowered = (ctypes.c_uint32 * 6)(*sets)
    lowered[0] &= ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert libc.capset(header, lowered) == 0
    try:
        yield
    finally:
        assert libc.capset(header, sets) == 0


def test_a_folder_that_may_not_be_listed_stops_nobody(desk: Desk) -> None:
    """One unit has locked its folder: the coordinator hears of it, the others count, and it goes on by itself."""
    desk.drop("SWJ", "季报.xlsx", desk.book("SWJ"))
    desk.drop("KJJ", "季报.xlsx", desk.book("KJJ"))
    locked = desk.office.home.inbox / "KJJ"
    if os.geteuid() == 0:
        os.chown(locked, 65534, 65534)
        locked.chmod(0o700)
        bound = bound_by_modes()
    else:
        locked.chmod(0)
        bound = contextlib.nullcontext()
    with bound:
        result = desk.collect()
    assert result.accepted + result.accepted_with_warnings == 1 and result.waiting == ["KJJ"]
    [alert] = [m for m in desk.mails(kind="alert") if "投递文件夹读不了" in m["subject"]]
    assert "inbox/KJJ" in desk.text(alert)
    locked.chmod(0o755)
    again = desk.collect(COLLECTED + timedelta(hours=1))
    assert again.accepted + again.accepted_with_warnings == 1
    desk.check_invariant()


def _digest(path: Path) -> str:
    return _digest_of(path.read_bytes())


def _digest_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
