"""Reading and judging a batch: the same for files of the drop folder, of a slice and of the archive.

Belongs here: parsing copies, putting what they say before the rules, laying the judged bytes to rest. Does not: which
files make a batch, what one verdict means (verdicts), what is written or told of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from checks import run
from checks.findings import Finding
from checks.run import Judgement
from flows.office import Office
from flows.steps import shelving, verdicts
from flows.steps.taking import Arrived
from templates.workbook import FIGURES, PROGRESS, TEMPLATE_VERSION
from warehouse import checking, deciding, intake
from warehouse.facts import Judged, Status, Submission
from warehouse.intake.reading import Landing, Reading
from warehouse.killpoints import reached
from warehouse.store import Reader, Store


def read(office: Office, landings: Sequence[Landing]) -> list[Reading]:
    """What stands in the copies, in their order; parsed in a child process with limits."""
    labels = {i.code: i.unit_label for i in office.config.plan.indicators}
    return intake.read_batch(landings, labels, office.config.settings.intake)


def judge(
    office: Office, warehouse: Store | Reader, claims: Sequence[checking.SubmissionRow],
    readings: Sequence[Reading], period: str | None,
) -> Judgement:  # fmt: skip
    """All rules over the batch at once, as the warehouse stands. Nothing new: no rule runs, no engine is started."""
    if not claims:
        checking.load(warehouse, [], [])  # the empty tables that a batch of copies is recorded with
        return Judgement([], [], False)
    rows, files = checking.prepare(
        warehouse,
        claims,
        readings,
        period=period or "",
        template_version=TEMPLATE_VERSION,
        sheets=(office.say(FIGURES), office.say(PROGRESS)),
    )
    return run.judge(rows, files, office.config, say=office.say)


def by_submission(findings: Iterable[Finding]) -> Mapping[str, list[Finding]]:
    """Findings of each file; an empty list for a file without any."""
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.submission_id].append(finding)
    return found


def settle(
    office: Office, warehouse: Store | Reader, arrived: Sequence[Arrived], submissions: Sequence[Submission],
    claims: Sequence[checking.SubmissionRow], readings: Sequence[Reading], found: Mapping[str, Sequence[Finding]],
) -> list[Judged]:  # fmt: skip
    """The verdict of every new file, its bytes durable in archive or quarantine before anything names them."""
    closed = deciding.closed_periods(warehouse)
    judged = [
        verdicts.held_for_decision(verdicts.verdict_of(s, c, r, found[s.submission_id]), closed)
        for s, c, r in zip(submissions, claims, readings, strict=True)
    ]
    for arrival, verdict in zip(arrived, judged, strict=True):
        _shelve(office, arrival, verdict)
        reached("archive")
    shelving.make_durable(office.home, [s.sha256 for s in submissions])
    reached("durable")
    return judged


def _shelve(office: Office, arrived: Arrived, judged: Judged) -> None:
    copy, sha256 = arrived.copy, judged.submission.sha256
    if judged.status is not Status.QUARANTINED:
        assert isinstance(copy, Landing)
        shelving.archive(office.home, copy.path, sha256)
        return
    note = {"unit": arrived.unit, "file_name": arrived.file_name, "reason": judged.reason, "sha256": sha256}
    landed = copy.path if isinstance(copy, Landing) else None
    shelving.quarantine(office.home, landed, f"{arrived.unit or '_'}-{sha256}", note)
