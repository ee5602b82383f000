"""The mail ledger: what follows what, what waits, what is counted, what a person may do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from warehouse import ledger
from warehouse.ledger import LedgerError, Outcome, OutgoingMail
from warehouse.store import Store

NOW = datetime(2019, 10, 18, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
MINUTE = timedelta(minutes=1)
MAX = 3


def mail(i: int, on_unsure: str = "resend", kind: str = "reminder", key: str | None = None) -> OutgoingMail:
    key = key or f"2019-Q3|clerk{i}@example.cn|{kind}|due"
    return OutgoingMail(
        key, kind, f"clerk{i}@example.cn", "JXJ", "2019-Q3", f"催报{i}", f"<{i}@example.cn>", b"frozen %d" % i,
        on_unsure, NOW,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "w.duckdb") as opened:
        yield opened


def events(store: Store, m: OutgoingMail) -> list[tuple[str, int]]:
    return [(e["state"], e["attempts"]) for e in ledger.show(store, m.mail_id).events]


def attempt(store: Store, m: OutgoingMail, outcome: Outcome, at: datetime = NOW) -> str:
    claimed = ledger.claim(store, m.mail_id, at)
    assert claimed is not None
    return ledger.settle(store, claimed, outcome, "服务器的话", at, MAX)


def test_one_key_one_mail_and_the_first_wins(store: Store) -> None:
    again = mail(9, key=mail(0).dedupe_key)
    assert ledger.enqueue(store, [mail(0), again, mail(1)]) == 2
    assert ledger.enqueue(store, [again, mail(1)]) == 0
    assert ledger.enqueue(store, []) == 0
    assert ledger.show(store, mail(0).mail_id).mail["eml"] == b"frozen 0"
    assert events(store, mail(0)) == [("queued", 0)]


def test_letters_are_taken_as_they_are_composed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few at a time, so that what is composed is written before the next is; the first of one key still wins."""
    monkeypatch.setattr(ledger, "_AT_ONCE", 2)
    queued: list[int] = []

    def composed() -> Iterator[ledger.OutgoingMail]:
        for n in range(5):
            queued.append(sum(ledger.count_by_state(store).values()))
            yield mail(n)
        yield mail(9, key=mail(0).dedupe_key)

    assert ledger.enqueue(store, composed()) == 5
    assert queued == [0, 0, 2, 2, 4]
    assert ledger.show(store, mail(0).mail_id).mail["eml"] == b"frozen 0"
    assert ledger.list_due(store, NOW) == [mail(n).mail_id for n in range(5)]


def test_enqueue_belongs_to_the_transaction_around_it(store: Store) -> None:
    with pytest.raises(RuntimeError), store.transaction():
        ledger.enqueue(store, [mail(0)])
        raise RuntimeError
    assert ledger.count_by_state(store) == {}
    assert ledger.enqueue(store, [mail(0)]) == 1


@pytest.mark.parametrize(
    ("outcome", "state", "attempts", "due_again"),
    [
        (Outcome.SENT, "sent", 1, None),
        (Outcome.REJECTED, "failed", 1, None),
        (Outcome.UNSURE, "unsure", 1, None),
        (Outcome.REJECTED_TEMPORARY, "queued", 1, 5 * MINUTE),
        (Outcome.CHANNEL, "queued", 0, 0 * MINUTE),
        (Outcome.AUTH, "queued", 0, 0 * MINUTE),
    ],
)
def test_outcomes(
    outcome: Outcome, state: str, attempts: int, due_again: timedelta | None, store: Store
) -> None:
    ledger.enqueue(store, [mail(0)])
    assert attempt(store, mail(0), outcome) == state
    assert events(store, mail(0)) == [("queued", 0), ("sending", 0), (state, attempts)]
    if due_again is None:
        assert ledger.list_due(store, NOW + timedelta(days=99)) == []
        assert ledger.claim(store, mail(0).mail_id, NOW + timedelta(days=99)) is None
    else:
        assert ledger.list_due(store, NOW + due_again) == [mail(0).mail_id]
        assert not due_again or ledger.list_due(store, NOW + due_again - MINUTE) == []


def test_the_error_is_kept_after_a_later_success(store: Store) -> None:
    ledger.enqueue(store, [mail(0)])
    attempt(store, mail(0), Outcome.REJECTED_TEMPORARY)
    later = NOW + timedelta(hours=1)
    attempt(store, mail(0), Outcome.SENT, later)
    [row] = ledger.list_mails(store, "2019-Q3", "sent")
    assert (row["attempts"], row["last_error"], row["sent_at"]) == (2, "服务器的话", later)


def test_waiting_doubles_up_to_four_hours() -> None:
    minutes = [ledger.backoff(n) / MINUTE for n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 1000)]
    assert minutes == [5, 5, 10, 20, 40, 80, 160, 240, 240, 240]


def test_temporary_refusals_end_at_the_policy(store: Store) -> None:
    ledger.enqueue(store, [mail(0)])
    states = [
        attempt(store, mail(0), Outcome.REJECTED_TEMPORARY, NOW + n * timedelta(days=1)) for n in range(MAX)
    ]
    assert states == ["queued", "queued", "failed"]


def test_a_broken_channel_never_uses_up_a_mail(store: Store) -> None:
    ledger.enqueue(store, [mail(0), mail(1)])
    for _ in range(20):
        assert attempt(store, mail(0), Outcome.CHANNEL) == "queued"
    assert ledger.list_due(store, NOW) == [mail(1).mail_id, mail(0).mail_id], (
        "it went to the back of the queue"
    )


def test_order_and_limit(store: Store) -> None:
    ledger.enqueue(store, [mail(i) for i in (3, 1, 2)])
    assert ledger.list_due(store, NOW, 2) == [mail(3).mail_id, mail(1).mail_id]
    assert [c.recipient for c in ledger.claim_due(store, NOW, 2)] == [
        "clerk3@example.cn",
        "clerk1@example.cn",
    ]
    assert ledger.list_due(store, NOW) == [mail(2).mail_id]


def test_an_answer_and_the_next_claim_are_one_step(store: Store) -> None:
    ledger.enqueue(store, [mail(0), mail(1)])
    first = ledger.claim(store, mail(0).mail_id, NOW)
    assert first is not None
    ahead = ledger.read_queued(store, [mail(0).mail_id, mail(1).mail_id], NOW)
    assert list(ahead) == [mail(1).mail_id]
    answer = ledger.Answer(first, Outcome.SENT, "已发出")
    ledger.advance(store, NOW, answer, ahead[mail(1).mail_id], max_attempts=MAX)
    assert ledger.count_by_state(store) == {"sent": 1, "sending": 1}
    ledger.advance(store, NOW)
    sequences = store.con.execute("SELECT sequence FROM mail_event ORDER BY 1").fetchall()
    assert sequences == [(i,) for i in range(1, 6)], "no number is used twice or left out"


@pytest.mark.parametrize(("on_unsure", "then"), [("resend", "queued"), ("hold", "unsure")])
def test_recover_after_a_crash(on_unsure: str, then: str, store: Store) -> None:
    ledger.enqueue(store, [mail(0, on_unsure)])
    ledger.claim(store, mail(0).mail_id, NOW)
    assert ledger.recover(store, NOW, MAX) == 1
    assert events(store, mail(0))[-1] == (then, 1)
    assert ("unsure", 1) in events(store, mail(0))
    assert ledger.list_due(store, NOW) == ([mail(0).mail_id] if then == "queued" else [])
    assert ledger.recover(store, NOW, MAX) == 0, "nothing more to do"


def test_recover_lets_a_lost_mail_wait_and_gives_up_at_the_policy(store: Store) -> None:
    ledger.enqueue(store, [mail(0)])
    moment = NOW
    for tried in range(1, MAX + 1):
        attempt(store, mail(0), Outcome.UNSURE, moment)
        ledger.recover(store, moment, MAX)
        if tried < MAX:
            assert ledger.list_due(store, moment + ledger.backoff(tried) - MINUTE) == []
            moment += ledger.backoff(tried)
            assert ledger.list_due(store, moment) == [mail(0).mail_id]
    assert events(store, mail(0))[-1] == ("failed", MAX)


def test_a_clock_that_jumps_back_does_not_reorder_history(store: Store) -> None:
    ledger.enqueue(store, [mail(0)])
    attempt(store, mail(0), Outcome.SENT, NOW - timedelta(days=400))
    assert [r["state"] for r in ledger.list_mails(store)] == ["sent"]
    assert ledger.list_due(store, NOW) == []


def test_a_person_retries(store: Store) -> None:
    failed, waiting, sent, lost, moving = (mail(i, "hold") for i in range(5))
    ledger.enqueue(store, [failed, waiting, sent, lost, moving])
    attempt(store, failed, Outcome.REJECTED)
    attempt(store, waiting, Outcome.REJECTED_TEMPORARY)
    attempt(store, sent, Outcome.SENT)
    attempt(store, lost, Outcome.UNSURE)
    ledger.claim(store, moving.mail_id, NOW)
    for m in (failed, waiting):
        ledger.retry(store, m.mail_id, NOW, "已核实地址")
        assert events(store, m)[-1] == ("queued", 0)
        assert ledger.show(store, m.mail_id).events[-1]["error"] == "人工重发：已核实地址"
    assert set(ledger.list_due(store, NOW)) == {failed.mail_id, waiting.mail_id}
    for m, words in ((sent, "已经发出"), (lost, "resolve"), (moving, "正在发送")):
        with pytest.raises(LedgerError, match=words):
            ledger.retry(store, m.mail_id, NOW, "x")
    with pytest.raises(LedgerError, match="没有编号"):
        ledger.retry(store, "absent", NOW, "x")


@pytest.mark.parametrize(
    ("verdict", "state", "attempts"),
    [("delivered", "sent", 1), ("resend", "queued", 0), ("drop", "failed", 1)],
)
def test_a_person_resolves(verdict: str, state: str, attempts: int, store: Store) -> None:
    ledger.enqueue(store, [mail(0, "hold")])
    with pytest.raises(LedgerError, match="只有 unsure"):
        ledger.resolve(store, mail(0).mail_id, verdict, NOW, "x")  # type: ignore[arg-type]
    attempt(store, mail(0), Outcome.UNSURE)
    ledger.resolve(store, mail(0).mail_id, verdict, NOW, "电话核实")  # type: ignore[arg-type]
    assert events(store, mail(0))[-1] == (state, attempts)
    assert ledger.show(store, mail(0).mail_id).events[-1]["error"] == "人工认定：电话核实"
    assert ledger.show(store, mail(0).mail_id).mail["message_id"] == "<0@example.cn>"
    with pytest.raises(LedgerError, match="只有 unsure"):
        ledger.resolve(store, mail(0).mail_id, "drop", NOW, "x")


def test_lost_mails_are_listed_until_told(store: Store) -> None:
    bad, formal, usual, dropped, alarm = (
        mail(0),
        mail(1, "hold"),
        mail(2),
        mail(3, "hold"),
        mail(4, kind="alert"),
    )
    ledger.enqueue(store, [bad, formal, usual, dropped, alarm])
    for m, outcome in ((bad, Outcome.REJECTED), (alarm, Outcome.REJECTED)):
        attempt(store, m, outcome)
    for m in (formal, usual, dropped):
        attempt(store, m, Outcome.UNSURE)
    ledger.resolve(store, dropped.mail_id, "drop", NOW, "作废")
    lost = ledger.list_lost(store)
    assert [(r["mail_id"], r["state"]) for r in lost] == [(bad.mail_id, "failed"), (formal.mail_id, "unsure")]
    told = [mail(9, kind="alert", key=f"|x@example.cn|alert|lost/{r['mail_id']}/{r['place']}") for r in lost]
    ledger.enqueue(store, told[:1])
    assert [r["mail_id"] for r in ledger.list_lost(store)] == [formal.mail_id]
    ledger.retry(store, bad.mail_id, NOW, "再试")
    attempt(store, bad, Outcome.REJECTED)
    assert {r["mail_id"] for r in ledger.list_lost(store)} == {bad.mail_id, formal.mail_id}, (
        "a new failure is news"
    )
