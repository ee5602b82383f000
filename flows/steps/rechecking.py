"""Recheck: after a change of rules or thresholds every file of a period is judged again, from the archive.

Figures that counted stay until their unit corrects them (docs/adr/0010); what is no longer wrong counts now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from checks.findings import Finding, Severity
from checks.rules import rules_version
from checks.run import Judgement
from flows.letters import Post
from flows.letters.rejudging import changed_answers
from flows.office import Office
from flows.steps import judging, quality, returning, shelving, taking, verdicts
from flows.steps.collecting import LABELS, NotChecked
from flows.steps.delivering import deliver
from flows.steps.running import recorded
from flows.steps.viewing import opened_cycle
from templates.formats import quarter
from warehouse import checking, facts, ledger, rechecking, register
from warehouse.facts import Judged, Status
from warehouse.intake.reading import ROW_COLUMNS, Landing, Reading
from warehouse.rechecking import Standing
from warehouse.store import Store

_SHEET, _ROW, _ITEM = (ROW_COLUMNS.index(name) for name in ("sheet", "row", "item"))


@dataclass
class RecheckResult:
    """What one recheck found; ``changed`` has one dict a file: unit, receipt_no, before, after, label, reason."""

    period: str
    rules_version: str
    files: int = 0
    changed: list[dict[str, Any]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)  # receipt numbers whose bytes could not be read again
    revisions: int = 0
    mails: int = 0


def recheck(office: Office, period: str, as_of: datetime, *, send: bool = True) -> RecheckResult:
    """Judges every current submission of ``period`` by the rules of today and mails units whose verdict changed.

    :raises NotOpened: when the cycle was never opened
    :raises NotChecked: the check engine failed; nothing was changed
    :raises CollectionBusy: a collection of this home does not end
    """
    office.home.create()
    result = RecheckResult(period, rules_version(office.config.settings.checks))
    with (
        taking.alone(office),
        office.store() as store,
        recorded(office, store, "recheck", period, rules=result.rules_version) as run_id,
    ):
        opened_cycle(store, period)
        _recheck(office, store, run_id, as_of, result)
    if send:
        deliver(office, as_of)
    return result


def _recheck(office: Office, store: Store, run_id: str, as_of: datetime, result: RecheckResult) -> None:
    # First the register of today: limits and indicators may be what changed.
    with store.transaction():
        register.record_register(store, office.config, as_of)
    standing, readings = _read(office, rechecking.files_to_recheck(store, result.period), result)
    result.files = len(standing)
    if result.unread:
        with store.transaction():
            ledger.enqueue(store, [_unread(office, result, as_of)])
    if not standing:
        return
    claims = [verdicts.claims_of(office, s.submission, r) for s, r in zip(standing, readings, strict=True)]
    places = [[(row[_SHEET], row[_ROW], row[_ITEM]) for row in r.rows] for r in readings]
    judgement = _judge(office, store, claims, readings, result.period, run_id, as_of)
    found = judging.by_submission(judgement.findings)
    before = rechecking.present_findings(store, result.period)
    judged, changed = [], []
    for s in standing:
        sid = s.submission.submission_id
        # What waited for a decision was never judged: its unit hears the first verdict whatever it is.
        waited = s.status == Status.RECEIVED
        old = None if waited else _status(before.get(sid, ()), s.overtaken)
        new = _status([(str(f.severity), f.items) for f in found[sid]], s.overtaken)
        verdict = _verdict(s, found[sid], new) if new is not old else _same(s)
        judged.append(verdict)
        if new is not old:
            changed.append(verdict)
            result.changed.append(_told(s, verdict))
    rejected = _rejected(office, standing, places, judged, judgement)
    returns = returning.annotate(office, changed, found, as_of)
    with store.transaction():
        result.revisions = rechecking.record_recheck(
            store, run_id, as_of, judged, judgement.findings, judgement.rules, rejected
        )
        letters = changed_answers(office, store, changed, found, returns, result.rules_version, as_of)
        result.mails = ledger.enqueue(store, letters)
    checking.release(store)


def _read(
    office: Office, files: Sequence[Standing], result: RecheckResult
) -> tuple[list[Standing], list[Reading]]:
    """The files parsed again from the archive; one that is gone or unreadable now keeps its verdict."""
    landings = []
    kept = []
    for s in files:
        path = shelving.archive_path(office.home, s.submission.sha256)
        if not path.is_file():
            result.unread.append(s.submission.receipt_no)
            continue
        f = s.submission
        kept.append(s)
        landings.append(Landing(path, f.sha256, f.unit, f.file_name, f.size_bytes, path.stat().st_mtime))
    read = judging.read(office, landings)
    result.unread += [s.submission.receipt_no for s, r in zip(kept, read, strict=True) if r.held is not None]
    pairs = [(s, r) for s, r in zip(kept, read, strict=True) if r.held is None]
    return [s for s, _ in pairs], [r for _, r in pairs]


def _judge(
    office: Office,
    store: Store,
    claims: Sequence[checking.SubmissionRow],
    readings: Sequence[Reading],
    period: str,
    run_id: str,
    as_of: datetime,
) -> Judgement:
    judgement = judging.judge(office, store, claims, readings, period)
    quality.write_data_docs(office, judgement, as_of)
    if judgement.not_checked:
        alert = Post(office, as_of).alert(
            office.say("复核未能完成"),
            [
                office.say("%(period)s 的 %(n)s 份报送没有重新判断，原结论不变。", period=period, n=len(claims)),
                *judgement.errors[:5],
            ],
            office.say("请联系运维查看日志；排除后重新运行 jibao recheck 即可。"), step=f"recheck/{as_of:%Y%m%d}", period=period,
        )  # fmt: skip
        with store.transaction():
            facts.record_check_runs(store, run_id, as_of, judgement.rules)
            ledger.enqueue(store, [alert])
        raise NotChecked(f"校验引擎出错，{period} 没有复核，原结论不变：{judgement.errors[0]}")
    return judgement


def _status(findings: Iterable[tuple[str, tuple[str, ...]]], overtaken: frozenset[str]) -> Status:
    """The verdict that findings mean, leaving out items that a later file of the unit has settled."""
    counting = [severity for severity, items in findings if not items or not set(items) <= overtaken]
    if Severity.ERROR in counting:
        return Status.RETURNED
    return Status.ACCEPTED_WITH_WARNINGS if Severity.WARNING in counting else Status.ACCEPTED


def _verdict(standing: Standing, mine: Sequence[Finding], status: Status) -> Judged:
    errors = [f for f in mine if f.severity is Severity.ERROR]
    reason = {
        Status.RETURNED: errors[0].message if errors else "",
        Status.ACCEPTED_WITH_WARNINGS: "按现行规则复核：已接收，有需要说明的数据",
        Status.ACCEPTED: "按现行规则复核：全部通过校验",
    }[status]
    return Judged(standing.submission, status, reason)


def _same(standing: Standing) -> Judged:
    return Judged(standing.submission, Status(standing.status), standing.reason)


def _rejected(
    office: Office,
    standing: Sequence[Standing],
    places: Sequence[Sequence[tuple[str, int, str]]],
    judged: Sequence[Judged],
    judgement: Judgement,
) -> set[tuple[str, str, int]]:
    """Rows that bring no figure: wrong by the rules of today, refused with their file, or replaced since."""
    rejected, refused = judgement.rejected(), judgement.refused()
    if not office.config.settings.checks.accept_good_cells:
        refused |= {j.submission.submission_id for j in judged if j.status is Status.RETURNED}
    for s, of_file in zip(standing, places, strict=True):
        sid = s.submission.submission_id
        rejected |= {
            (sid, sheet, row) for sheet, row, item in of_file if sid in refused or item in s.overtaken
        }
    return rejected


def _told(standing: Standing, judged: Judged) -> dict[str, Any]:
    s = standing.submission
    labels: Mapping[str, str] = LABELS
    return {
        "unit": s.unit, "file_name": s.file_name, "receipt_no": s.receipt_no, "before": standing.status,
        "after": str(judged.status), "label": labels[judged.status], "reason": judged.reason,
    }  # fmt: skip


def _unread(office: Office, result: RecheckResult, as_of: datetime) -> ledger.OutgoingMail:
    return Post(office, as_of).alert(
        office.say("%(period)s有%(n)s份报送未能复核", period=quarter(result.period, office.say), n=len(result.unread)), result.unread,
        office.say("归档文件缺失或现在读不出，原结论不变。请检查 HOME/archive，必要时从备份恢复后再运行 jibao recheck。"),
        step=f"recheck-unread/{result.rules_version}/{as_of:%Y%m%d%H%M%S}", period=result.period,
    )  # fmt: skip
