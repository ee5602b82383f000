"""The letter book: letters as they were composed, beside a warehouse that stays small."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest
from mail_samples import NOW, Desk, Settings, address, letter

from flows.mailing.outbox import deliver
from warehouse import ledger
from warehouse.letterbook import LetterBook, LetterLost

HEAVY = os.urandom(400_000)


def book(desk: Desk) -> LetterBook:
    return LetterBook(desk.folder / "letters")


def test_letters_come_back_as_they_were_by_month(tmp_path: Path) -> None:
    letters = LetterBook(tmp_path / "letters")
    first = letters.add([b"one", b"", HEAVY], NOW)
    second = letters.add([b"two"], NOW.replace(month=11))
    assert [letters.read(p) for p in (*first, *second)] == [b"one", b"", HEAVY, b"two"]
    assert [p.name for p in sorted(letters.folder.iterdir())] == [
        "letters-2019-10.mime",
        "letters-2019-11.mime",
    ]


def test_the_warehouse_and_its_copies_do_not_grow_with_the_letters(tmp_path: Path) -> None:
    desk = Desk(tmp_path, *(letter(i) for i in range(3)))
    before = (tmp_path / "w.snapshot.duckdb").stat().st_size
    large = HEAVY * 40
    heavy = ledger.OutgoingMail("k", "receipt", address(9), None, None, "回执", "<9@x>", large, "resend", NOW)
    with desk.store() as store, store.transaction():
        ledger.enqueue(store, [heavy])
    # Its free blocks come and go by some megabytes.
    assert (tmp_path / "w.snapshot.duckdb").stat().st_size < before + len(large) / 4
    with desk.store() as store:
        assert ledger.show(store, heavy.mail_id).mail["eml"] == large


def test_a_change_that_did_not_happen_leaves_no_letter_behind(tmp_path: Path) -> None:
    desk = Desk(tmp_path, letter(0))
    with pytest.raises(RuntimeError), desk.store() as store, store.transaction():
        ledger.enqueue(store, [letter(1)])
        raise RuntimeError
    with desk.store() as store, store.transaction():
        ledger.enqueue(store, [letter(2)])
    assert deliver(desk.store, Settings(mode="sink"), tmp_path / "outbox", lambda: NOW).sent == 2
    sent = [p.read_bytes() for p in (tmp_path / "outbox").glob("*.eml")]
    assert not any(address(1).encode() in s for s in sent)
    with desk.store() as store:
        assert ledger.unreadable(store, store.letters) == {}


def test_an_altered_letter_does_not_leave_and_holds_nobody_up(tmp_path: Path) -> None:
    desk = Desk(tmp_path, *(letter(i) for i in range(3)))
    [path] = book(desk).folder.iterdir()
    kept = path.read_bytes()
    place = kept.index(address(1).encode())
    path.write_bytes(kept[:place] + b"X" + kept[place + 1 :])
    report = deliver(desk.store, Settings(mode="sink"), tmp_path / "outbox", lambda: NOW)
    assert (report.sent, report.failed) == (2, 1)
    assert desk.states() == ["sent", "failed", "sent"]
    assert "缺失或被改动" in str(desk.rows()[1]["last_error"])
    with desk.store() as store:
        assert list(ledger.unreadable(store, store.letters)) == [letter(1).mail_id]
        ledger.retry(store, letter(1).mail_id, NOW, "已从备份取回")
    path.write_bytes(kept)
    assert deliver(desk.store, Settings(mode="sink"), tmp_path / "outbox", lambda: NOW).sent == 1


def test_a_lost_file_is_named(tmp_path: Path) -> None:
    letters = LetterBook(tmp_path)
    [page] = letters.add([b"one"], NOW)
    (tmp_path / page.letter_file).unlink()
    with pytest.raises(LetterLost, match=r"letters/letters-2019-10\.mime 读不出"):
        letters.read(page)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    letters = LetterBook(tmp_path)
    [page] = letters.add([b"one"], NOW)
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            letters.add([b"two", HEAVY], NOW)
        except OSError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert (tmp_path / page.letter_file).read_bytes() == b"one"
    assert letters.read(letters.add([HEAVY], NOW)[0]) == HEAVY
