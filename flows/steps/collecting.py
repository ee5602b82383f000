"""Collect: every file in the drop folder gets an answer, and none gets in unread.

The order matters for crashes: bytes are safe in archive or quarantine before the commit that names
them, and the drop folder is emptied after it. Whatever is interrupted is simply done again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from checks.engine import start_early
from checks.run import Judgement
from flows import letters
from flows.mailing.outbox import DeliveryReport
from flows.office import Office
from flows.steps import judging, quality, returning, taking, verdicts
from flows.steps.delivering import deliver
from flows.steps.running import recorded
from flows.steps.taking import Arrived
from warehouse import checking, facts, ledger, register
from warehouse.facts import Judged, Status
from warehouse.intake.guard import Refusal
from warehouse.intake.reading import Landing, Reading
from warehouse.killpoints import reached
from warehouse.store import Store

LABELS = {
    Status.ACCEPTED: "已接收",
    Status.ACCEPTED_WITH_WARNINGS: "已接收，需说明",
    Status.RETURNED: "退回",
    Status.QUARANTINED: "暂存",
    Status.RECEIVED: "已存档，待决定",
}


class NotChecked(RuntimeError):
    """The check engine failed: nothing of the batch was judged, nothing was lost."""


@dataclass
class CollectResult:
    """What one collection did; ``lines`` has one dict a new file: unit, file_name, status, label, reason, ..."""

    accepted: int = 0
    accepted_with_warnings: int = 0
    returned: int = 0
    quarantined: int = 0
    duplicates: int = 0
    revisions: int = 0
    waiting: list[str] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)
    delivery: DeliveryReport | None = None  # when this collection sent its answers itself

    @property
    def has_problems(self) -> bool:
        return bool(self.returned or self.quarantined)


def collect(
    office: Office,
    as_of: datetime,
    *,
    inbox: Path | None = None,
    period: str | None = None,
    units: Sequence[str] | None = None,
    send: bool = True,
    answer_early: bool = False,
) -> CollectResult:
    """Takes what lies in the drop folder (or only reads ``inbox``), judges it and answers every file.

    :param period: the cycle being collected; files for other ones are taken too, and told so
    :param units: only these units' folders
    :param answer_early: where one folder is flooded, the answers to what is done leave before the rest is read
    :raises CollectionBusy: another collection of this home does not end
    :raises NotChecked: the check engine failed; the files stay where they are
    """
    office.home.create()
    with taking.alone(office):
        result = _collect(office, as_of, inbox, period, units, send or answer_early)
    if send:
        result.delivery = deliver(office, as_of)
    return result


def _collect(
    office: Office,
    as_of: datetime,
    inbox: Path | None,
    period: str | None,
    units: Sequence[str] | None,
    answer_early: bool,
) -> CollectResult:
    place = inbox or office.home.inbox
    result, done, passed, locked = CollectResult(), dict[str, str](), list[str](), list[str]()
    while True:
        found = taking.settled(office, place, patient=not done)
        batch = taking.fair_share(found.ready, done, office.config.settings.intake.batch_files)
        if not batch:
            break
        done |= {c.entry: c.folder for c in batch}
        arrived = []
        for candidate in batch:
            a = taking.take(office, candidate, units)
            if a is not None and isinstance(a.copy, Refusal) and a.copy.is_passing:
                passed.append(a.file_name)
                locked += [f"{a.candidate.folder}/{a.file_name}"] if a.copy.is_locked else []
            elif a is not None:
                arrived.append(a)
        if not arrived:
            continue
        readings = _read_new(office, arrived)
        reached("parse")
        with office.store() as store, recorded(office, store, "collect", period, inbox=str(place)) as run_id:
            _settle_batch(office, store, run_id, as_of, period, arrived, readings, result)
        if inbox is None:
            passed += taking.clear(office, arrived)
        taking.clear_landing(arrived)
        if answer_early and len(found.ready) > len(batch) and any(c.entry not in done for c in found.ready):
            deliver(office, as_of)
    if found.closed or locked:
        _tell_of_locked(office, [*found.closed, *locked], as_of)
    result.waiting = [*found.growing, *found.folders, *found.closed, *passed]
    return result


def _tell_of_locked(office: Office, entries: Sequence[str], as_of: datetime) -> None:
    """Once a day: files and folders that we may not read wait until we may, nobody else with them."""
    say = office.say
    alert = letters.Post(office, as_of).alert(
        say("投递文件夹读不了"), [say("没有权限读取：inbox/%(folder)s", folder=entry) for entry in entries],
        say("请恢复采集程序对这些文件夹的读写权限；恢复后自动收取，其他单位不受影响。"),
        step=f"locked/{'+'.join(sorted(entries))}/{as_of:%Y%m%d}",
    )  # fmt: skip
    with office.store() as store, store.transaction():
        ledger.enqueue(store, [alert])


def _read_new(office: Office, arrived: Sequence[Arrived]) -> dict[str, Reading]:
    """Parses every copy once (in a child process), by hash; what is already known is parsed by nobody."""
    ids = {a.submission_id: a for a in arrived}
    with office.store() as store:
        known = facts.known_submissions(store, ids)
    new = {
        a.copy.sha256: a.copy for sid, a in ids.items() if sid not in known and isinstance(a.copy, Landing)
    }
    if new:
        start_early()  # while the files are read
    return dict(zip(new, judging.read(office, list(new.values())), strict=True))


def _settle_batch(
    office: Office,
    store: Store,
    run_id: str,
    as_of: datetime,
    period: str | None,
    arrived: Sequence[Arrived],
    readings: Mapping[str, Reading],
    result: CollectResult,
) -> None:
    """Judges what is new and commits everything this collection learned, mails included, at once."""
    known = facts.known_submissions(store, {a.submission_id for a in arrived})
    new, copies = taking.split(arrived, known)
    cycles = {row["period"] for row in store.rows("list_cycles")}
    read = [verdicts.reading_of(a, readings) for a in new]
    submissions = [
        verdicts.submission_of(a, r, cycles, as_of, office.say) for a, r in zip(new, read, strict=True)
    ]
    claims = [verdicts.claims_of(office, s, r) for s, r in zip(submissions, read, strict=True)]
    judgement = _judge(office, store, run_id, claims, read, as_of, period)
    reached("check")
    found = judging.by_submission(judgement.findings)
    judged = judging.settle(office, store, new, submissions, claims, read, found)
    rejected = verdicts.rejected_rows(office, store, judged, judgement)
    returns = returning.annotate(office, judged, found, as_of)
    seen = taking.arrivals(copies)
    with store.transaction():
        register.record_register(store, office.config, as_of)
        result.revisions += facts.record_batch(
            store, run_id, as_of, judged, judgement.findings, judgement.rules, rejected
        )
        facts.record_arrivals(store, as_of, seen)
        batch = {j.submission.submission_id for j in judged}
        mails = chain(
            letters.answers(office, store, judged, found, returns, as_of),
            letters.copies(office, store, seen, as_of),
            letters.differences(office, store, judgement.findings, batch, run_id, as_of),
        )
        ledger.enqueue(store, mails)
        reached("enqueue")
    checking.release(store)
    _count(result, judged, len(copies))


def _judge(
    office: Office,
    store: Store,
    run_id: str,
    claims: Sequence[checking.SubmissionRow],
    read: Sequence[Reading],
    as_of: datetime,
    period: str | None,
) -> Judgement:
    judgement = judging.judge(office, store, claims, read, period)
    quality.write_data_docs(office, judgement, as_of)
    if judgement.not_checked:
        # Fail closed: the files stay in the drop folder and the next run judges them again.
        with store.transaction():
            facts.record_check_runs(store, run_id, as_of, judgement.rules)
            ledger.enqueue(store, [_unchecked(office, len(claims), judgement, as_of)])
        raise NotChecked(
            f"校验引擎出错，本批 {len(claims)} 份文件未作判断，仍留在投递目录：{judgement.errors[0]}"
        )
    return judgement


def _unchecked(office: Office, count: int, judgement: Judgement, as_of: datetime) -> ledger.OutgoingMail:
    say = office.say
    return letters.Post(office, as_of).alert(
        say("校验未能完成"), [say("本批 %(n)s 份报送没有作出判断，仍留在投递目录。", n=count), *judgement.errors[:5]],
        say("请联系运维查看日志；排除后重新运行采集即可，文件不会丢失。"), step=f"not-checked/{as_of:%Y%m%d}",
    )  # fmt: skip


def _count(result: CollectResult, judged: Sequence[Judged], copies: int) -> None:
    counts = Counter(j.status for j in judged)
    result.accepted += counts[Status.ACCEPTED]
    result.accepted_with_warnings += counts[Status.ACCEPTED_WITH_WARNINGS]
    result.returned += counts[Status.RETURNED]
    result.quarantined += counts[Status.QUARANTINED]
    result.duplicates += copies
    result.periods = sorted({*result.periods, *(j.submission.period for j in judged if j.submission.period)})
    result.lines += [
        {
            "unit": j.submission.unit,
            "file_name": j.submission.file_name,
            "status": str(j.status),
            "label": LABELS[j.status],
            "reason": j.reason,
            "receipt_no": j.submission.receipt_no,
        }
        for j in judged
    ]
