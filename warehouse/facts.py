"""Facts: submissions, verdicts, findings and observations, written set-wise in one transaction.

Belongs here: what is appended when a batch of uploads has been judged. Does not: reading files
(intake), judging (checks), figures derived from facts (attainment), mail (ledger).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from config.language import CHINESE, Language
from warehouse import audit
from warehouse.audit import Note
from warehouse.store import Reader, Store


class Status(StrEnum):
    """What became of a submission (product.md, Nouns)."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted_with_warnings"
    RETURNED = "returned"
    QUARANTINED = "quarantined"
    SUPERSEDED = "superseded"
    RECEIVED = "received"  # kept, but judged only when its closed quarter is reopened


@dataclass(frozen=True)
class Submission:
    """One file as received. ``period`` is None while the file names none that is open."""

    submission_id: str
    receipt_no: str
    unit: str  # the drop folder's unit code, "" when the folder is nobody's
    period: str | None
    received_at: datetime
    file_name: str
    sha256: str
    size_bytes: int
    file_kind: str
    entry: str = ""  # the directory entry it came as


@dataclass(frozen=True)
class Arrival:
    """One directory entry that was answered; ``is_copy``: its bytes had been received before."""

    unit: str
    file_name: str
    sha256: str
    size_bytes: int
    submission_id: str
    is_copy: bool
    entry: str


@dataclass(frozen=True)
class Judged:
    """A submission with its verdict; rows of ``rejected`` keep their earlier figures."""

    submission: Submission
    status: Status
    reason: str
    claimed_by: str | None = None  # the unit that the file itself names, where its folder is another's


def submission_id(unit: str, sha256: str) -> str:
    """The same bytes from the same folder are the same submission, whatever the file is called."""
    return hashlib.sha256(f"{unit}\n{sha256}".encode()).hexdigest()[:20]


def receipt_no(unit: str, period: str | None, sha256: str, say: Language = CHINESE) -> str:
    """What a clerk reads out on the telephone: 2019Q3-SWJ-1A2B3C4D."""
    return "-".join(((period or say("未定期")).replace("-", ""), unit or say("无主"), sha256[:8].upper()))


def known_submissions(store: Store | Reader, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Those of ``ids`` that were received before: receipt_no, status, entries already answered."""
    wanted = list(ids)
    if not wanted:
        return {}
    found = store.rows("list_known_submissions", {"ids": wanted})
    return {row["submission_id"]: row for row in found}


_SUBMISSION = (
    "submission_id", "receipt_no", "unit", "period", "received_at", "file_name", "sha256", "size_bytes",
    "file_kind",
)  # fmt: skip
_ARRIVAL = ("unit", "file_name", "sha256", "size_bytes", "submission_id", "is_copy", "entry")
_FINDING = (
    "submission_id", "unit", "period", "severity", "rule", "sheet", "cell", "indicator", "value", "message",
)  # fmt: skip
_CHECK_RUN = ("rule", "rows_checked", "rows_failed", "seconds", "state", "engine")


def record_batch(
    store: Store,
    run_id: str,
    recorded_at: datetime,
    judged: Sequence[Judged],
    findings: Sequence[Any],
    rule_runs: Sequence[Any],
    rejected: Iterable[tuple[str, str, int]],
) -> int:
    """Appends everything one batch brought; returns the number of new revisions.

    Expects the temporary tables ``incoming_row`` and ``incoming_submission`` of
    :mod:`warehouse.checking`. Call inside a transaction together with the mails that announce it.

    :param findings: objects with the fields of :class:`checks.findings.Finding`
    :param rule_runs: objects with the fields of :class:`checks.findings.RuleRun`
    :param rejected: (submission_id, sheet, row) of rows whose figures do not count
    """
    submissions = [j.submission for j in judged]
    store.append("submission", _SUBMISSION, [tuple(getattr(s, c) for c in _SUBMISSION) for s in submissions])
    record_arrivals(
        store,
        recorded_at,
        [
            Arrival(s.unit, s.file_name, s.sha256, s.size_bytes, s.submission_id, False, s.entry)
            for s in submissions
        ],
    )
    record_judgement(store, run_id, recorded_at, judged, findings, rule_runs)
    readable = [
        (j.submission, ordinal)
        for ordinal, j in enumerate(judged)
        if j.status not in (Status.QUARANTINED, Status.RECEIVED) and j.submission.period is not None
    ]
    return insert_revisions(store, recorded_at, readable, rejected, superseding_run=run_id)


def record_judgement(
    store: Store,
    run_id: str,
    recorded_at: datetime,
    judged: Sequence[Judged],
    findings: Sequence[Any],
    rule_runs: Sequence[Any],
) -> None:
    """Appends what the checks said: verdicts, findings, how each rule fared. Arguments as :func:`record_batch`."""
    record_verdicts(
        store, run_id, recorded_at, [(j.submission.submission_id, str(j.status), j.reason) for j in judged]
    )
    told = [(run_id, list(f.items), *(_text(getattr(f, c)) for c in _FINDING)) for f in findings]
    store.append("finding", ("run_id", "items", *_FINDING), told)
    record_check_runs(store, run_id, recorded_at, rule_runs)


def record_check_runs(store: Store, run_id: str, recorded_at: datetime, rule_runs: Sequence[Any]) -> None:
    """Appends how each rule fared; also of a batch that stayed unchecked, so that the failure is on record."""
    runs = [(run_id, recorded_at, *(getattr(r, c) for c in _CHECK_RUN)) for r in rule_runs]
    store.append("check_run", ("run_id", "recorded_at", *_CHECK_RUN), runs)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def insert_revisions(
    store: Store,
    recorded_at: datetime,
    files: Sequence[tuple[Submission, int]],
    rejected: Iterable[tuple[str, str, int]],
    *,
    superseding_run: str | None = None,
) -> int:
    """Appends a revision for every row of ``files`` that counts and differs; returns their number.

    :param files: submissions with their place in the order received
    :param superseding_run: also marks earlier submissions none of whose figures stands any more
    """
    batch = [(s.submission_id, s.unit, s.period, s.received_at, ordinal) for s, ordinal in files]
    store.run("create_batch_tables")
    store.append("batch_submission", ("submission_id", "unit", "period", "received_at", "ordinal"), batch)
    store.append("batch_rejected", ("submission_id", "sheet", "row"), sorted(set(rejected)))
    before = store.rows("count_observations")[0]["observations"]
    store.run("insert_observations", {"recorded_at": recorded_at})
    if superseding_run is not None:
        store.run("insert_superseded", {"run_id": superseding_run, "recorded_at": recorded_at})
        _audit_superseded(store, superseding_run, recorded_at)
    added: int = store.rows("count_observations")[0]["observations"] - before
    store.run("drop_batch_tables")
    return added


def record_arrivals(store: Store, seen_at: datetime, arrivals: Sequence[Arrival]) -> None:
    """Notes each directory entry seen."""
    store.append("arrival", ("seen_at", *_ARRIVAL), [(seen_at, *astuple(a)) for a in arrivals])
    copies = [
        Note(
            "copy", a.file_name, seen_at, f"inbox/{a.unit}", audit.UNIT, unit=a.unit,
            after={"submission_id": a.submission_id, "sha256": a.sha256, "bytes": a.size_bytes},
        )
        for a in arrivals if a.is_copy
    ]  # fmt: skip
    audit.record(store, copies)


def _audit_verdicts(
    store: Store, run_id: str, recorded_at: datetime, verdicts: Sequence[tuple[str, str, str]]
) -> None:
    """One row a file received, and one for each verdict that a later look changes."""
    known = {
        r["submission_id"]: r
        for r in store.rows("list_audit_submissions", {"ids": [sid for sid, _, _ in verdicts]})
    }
    notes = []
    for sid, status, reason in verdicts:
        file = known.get(sid)
        if file is None or file["status"] == status:
            continue
        is_new = file["status"] is None
        after = {"status": status, "reason": reason}
        if is_new:
            after |= {"file_name": file["file_name"], "sha256": file["sha256"], "submission_id": sid}
        notes.append(
            Note(
                "receive" if is_new else "verdict", file["receipt_no"], recorded_at,
                f"inbox/{file['unit']}" if is_new else "", audit.UNIT if is_new else audit.SYSTEM,
                period=file["period"], unit=file["unit"],
                before=None if is_new else {"status": file["status"]}, after=after, run_id=run_id,
            )
        )  # fmt: skip
    audit.record(store, notes)


def _audit_superseded(store: Store, run_id: str, recorded_at: datetime) -> None:
    audit.record(
        store,
        [
            Note(
                "supersede", r["receipt_no"], recorded_at, period=r["period"], unit=r["unit"],
                after={"status": "superseded", "reason": r["reason"]}, run_id=run_id,
            )
            for r in store.rows("list_audit_superseded", {"run_id": run_id})
        ],
    )  # fmt: skip


def record_verdicts(
    store: Store, run_id: str, recorded_at: datetime, verdicts: Sequence[tuple[str, str, str]]
) -> None:
    """Appends (submission_id, status, reason); the last one of a submission is its status."""
    _audit_verdicts(store, run_id, recorded_at, verdicts)
    first = store.rows("read_next_verdict_sequence")[0]["sequence"]
    rows = [
        (sid, recorded_at, status, reason, run_id, first + n)
        for n, (sid, status, reason) in enumerate(verdicts)
    ]
    store.append("verdict", ("submission_id", "recorded_at", "status", "reason", "run_id", "sequence"), rows)


def start_run(
    store: Store, run_id: str, flow: str, period: str | None, parameters: str, trigger: str,
    started_at: datetime, config_hash: str, code_version: str,
) -> None:  # fmt: skip
    """One row of ``mart.run``; :func:`end_run` adds its outcome."""
    columns = (
        "run_id",
        "flow",
        "period",
        "parameters",
        "trigger",
        "started_at",
        "config_hash",
        "code_version",
    )
    row = (run_id, flow, period, parameters, trigger, started_at, config_hash, code_version)
    store.sign(run_id, flow)
    store.append("run", columns, [row])


def end_run(store: Store, run_id: str, ended_at: datetime, outcome: str) -> None:
    store.append("run_end", ("run_id", "ended_at", "outcome"), [(run_id, ended_at, outcome)])


def owed_items(store: Store, period: str, units: Sequence[str] | None = None) -> list[Mapping[str, Any]]:
    """Who still owes what for ``period``: unit, item, item_kind, name; optionally only these units."""
    return list(store.rows("list_owed", {"period": period, "units": list(units or [])}))
