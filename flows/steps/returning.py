"""The annotated return: the unit's own workbook with the wrong cells marked, kept in HOME/returned/P/."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from checks.findings import Finding
from flows.office import Office
from flows.steps.shelving import archive_path
from templates.annotate import annotated_return
from warehouse.durable import write_whole
from warehouse.facts import Judged, Status
from warehouse.intake.xlsx import look_again


def annotate(
    office: Office, judged: Sequence[Judged], findings: Mapping[str, Sequence[Finding]], as_of: datetime
) -> dict[str, tuple[str, bytes]]:
    """By submission_id, what goes back with a returned file: (file name, bytes). Needs the file in the archive.

    A file with nothing to point at (not our sheet at all) comes without: there would be nothing to correct in it.
    """
    found = {}
    for j in judged:
        if j.status is not Status.RETURNED:
            continue
        s = j.submission
        if not any(f.cell or f.items for f in findings[s.submission_id]):
            continue
        original = archive_path(office.home, s.sha256).read_bytes()
        looks = look_again(original, s.file_kind) if s.file_kind in ("xls", "et", "ods") else None
        body = annotated_return(original, s.file_kind, findings[s.submission_id], as_of, looks, office.say)
        period, told = s.period or office.say("未定期"), office.say("校验结果")
        name = f"{s.unit}_{period}_{s.receipt_no[-8:]}_{told}.xlsx"
        write_whole(office.home.returned(period) / name, body, point="return")
        found[s.submission_id] = (name, body)
    return found
