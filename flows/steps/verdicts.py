"""What becomes of each file of a batch: whose it is, for which quarter, accepted, returned or held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from unicodedata import normalize

from checks.findings import Finding, Severity
from checks.run import Judgement
from config.language import CHINESE, Language
from flows.office import Office
from flows.steps.taking import Arrived
from warehouse import checking, facts
from warehouse.facts import Judged, Status
from warehouse.intake.reading import Landing, Reading
from warehouse.store import Store


def reading_of(arrived: Arrived, readings: Mapping[str, Reading]) -> Reading:
    """What the child read, or the guard's refusal in the same shape."""
    if isinstance(arrived.copy, Landing):
        return readings[arrived.copy.sha256]
    return Reading(arrived.sha256, "unknown", held=arrived.copy.reason, held_detail=arrived.copy.detail)


def submission_of(
    arrived: Arrived, reading: Reading, cycles: set[str], as_of: datetime, say: Language = CHINESE
) -> facts.Submission:
    """One new file; it belongs to the cycle that it names, when that was ever opened."""
    sha256, claimed = arrived.sha256, normalize("NFKC", reading.period.text).strip().upper()
    period = claimed if claimed in cycles else None
    return facts.Submission(
        submission_id=arrived.submission_id,
        receipt_no=facts.receipt_no(arrived.unit, period, sha256, say),
        unit=arrived.unit,
        period=period,
        received_at=as_of,
        file_name=arrived.file_name,
        sha256=sha256,
        size_bytes=arrived.candidate.size_bytes,
        file_kind=reading.kind,
        entry=arrived.candidate.entry,
    )


def claims_of(office: Office, submission: facts.Submission, reading: Reading) -> checking.SubmissionRow:
    """The same file with the units that its own words resolve to."""

    def resolve(text: str) -> str | None:
        unit = office.config.find_unit(text) if text.strip() else None
        return unit.code if unit else None

    return checking.SubmissionRow(
        submission.submission_id, submission.unit, submission.period, submission.received_at,
        name_unit=resolve(reading.unit_name.text), code_unit=resolve(reading.unit_code.text),
    )  # fmt: skip


def verdict_of(
    submission: facts.Submission, claims: checking.SubmissionRow, reading: Reading, mine: Sequence[Finding]
) -> Judged:
    """Held: unsafe, unreadable or in a folder that is not its own. Returned: readable but wrong."""
    errors = [f for f in mine if f.severity is Severity.ERROR]
    strange = any(f.rule == "unit_mismatch" for f in errors)
    if reading.held is not None or not submission.unit or strange:
        reason = errors[0].message if errors else "文件不在任何单位的投递文件夹中"
        named = {claims.code_unit, claims.name_unit} - {None, submission.unit}
        # Two further units in one file: nobody can say whose it is.
        owner = named.pop() if len(named) == 1 and reading.held is None else None
        return Judged(submission, Status.QUARANTINED, reason, owner)
    if errors:
        return Judged(submission, Status.RETURNED, errors[0].message)
    if any(f.severity is Severity.WARNING for f in mine):
        return Judged(submission, Status.ACCEPTED_WITH_WARNINGS, "已接收，有需要说明的数据")
    return Judged(submission, Status.ACCEPTED, "全部通过校验")


def held_for_decision(judged: Judged, closed: set[str]) -> Judged:
    """A readable file of a closed quarter waits for the coordinator, whatever the rules say of it (ADR 13)."""
    if judged.submission.period not in closed or judged.status is Status.QUARANTINED:
        return judged
    return replace(judged, status=Status.RECEIVED, reason="报告期已关闭，文件已存档，待统筹决定")


def rejected_rows(
    office: Office, store: Store, judged: Iterable[Judged], judgement: Judgement
) -> set[tuple[str, str, int]]:
    """Rows that do not count: those with an error, or all of a file refused as a whole."""
    rejected = judgement.rejected()
    judged = list(judged)
    refused = judgement.refused() | {
        j.submission.submission_id for j in judged if j.status is Status.QUARANTINED
    }
    if not office.config.settings.checks.accept_good_cells:
        refused |= {j.submission.submission_id for j in judged if j.status is Status.RETURNED}
    return rejected | set(checking.rows_of(store, refused))
