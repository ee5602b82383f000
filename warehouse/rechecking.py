"""Judging a period again: which files, what is held against them now, and how the new verdicts are kept.

Belongs here: reading and appending what a recheck needs. Does not: the rules (checks), reading the
files (intake), what changed verdicts mean for a unit (flows).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from warehouse.facts import Judged, Submission, insert_revisions, record_judgement
from warehouse.store import Store

_SUBMISSION = tuple(f.name for f in fields(Submission) if f.name != "entry")


@dataclass(frozen=True)
class Standing:
    """One file to judge again: its present status and the items whose figures a later file has replaced."""

    submission: Submission
    status: str
    reason: str
    overtaken: frozenset[str]


def files_to_recheck(store: Store, period: str) -> list[Standing]:
    """Every file of ``period`` that still says something, in the order received."""
    replaced: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in store.rows("list_standing_checks", {"period": period}):
        replaced[row["unit"]].append(row)
    return [
        Standing(
            Submission(**{name: row[name] for name in _SUBMISSION}),
            row["status"],
            row["reason"],
            frozenset(
                r["item"]
                for r in replaced[row["unit"]]
                if r["submission_id"] != row["submission_id"] and r["received_at"] >= row["received_at"]
            ),
        )
        for row in store.rows("list_files_checks", {"period": period})
    ]


def present_findings(store: Store, period: str) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """(severity, items) of what is held against each file now, by submission_id."""
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
    for row in store.rows("list_standing_findings_checks", {"period": period}):
        found[row["submission_id"]].append((row["severity"], tuple(row["items"])))
    return found


def record_recheck(
    store: Store,
    run_id: str,
    recorded_at: datetime,
    judged: Sequence[Judged],
    findings: Sequence[Any],
    rule_runs: Sequence[Any],
    rejected: Iterable[tuple[str, str, int]],
) -> int:
    """Appends verdicts, findings, check runs, and figures that no rule rejects any more; returns their number.

    No figure is taken back: what counted before stands until its unit corrects it. Expects the temporary
    tables of :mod:`warehouse.checking`; call inside a transaction.

    :param judged: one for every file, also where the verdict stays
    :param findings: objects with the fields of :class:`checks.findings.Finding`
    :param rule_runs: objects with the fields of :class:`checks.findings.RuleRun`
    :param rejected: (submission_id, sheet, row) of rows that do not count, or whose figure a later file replaced
    """
    record_judgement(store, run_id, recorded_at, judged, findings, rule_runs)
    return insert_revisions(store, recorded_at, [(j.submission, n) for n, j in enumerate(judged)], rejected)
