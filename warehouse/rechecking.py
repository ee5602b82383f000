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

from warehouse.facts import Judged, Submission, record_verdicts
from warehouse.store import Store

_FINDING = (
    "submission_id", "unit", "period", "severity", "rule", "sheet", "cell", "indicator", "value", "message",
)  # fmt: skip
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
    record_verdicts(
        store, run_id, recorded_at, [(j.submission.submission_id, str(j.status), j.reason) for j in judged]
    )
    told = [(run_id, list(f.items), *(_text(getattr(f, c)) for c in _FINDING)) for f in findings]
    store.append("finding", ("run_id", "items", *_FINDING), told)
    record_check_runs(store, run_id, recorded_at, rule_runs)
    batch = [
        (s.submission_id, s.unit, s.period, s.received_at, ordinal)
        for ordinal, s in enumerate(j.submission for j in judged)
    ]
    store.run("create_batch_tables")
    store.append("batch_submission", ("submission_id", "unit", "period", "received_at", "ordinal"), batch)
    store.append("batch_rejected", ("submission_id", "sheet", "row"), sorted(set(rejected)))
    before = store.rows("count_observations")[0]["observations"]
    store.run("insert_observations", {"recorded_at": recorded_at})
    added: int = store.rows("count_observations")[0]["observations"] - before
    store.run("drop_batch_tables")
    return added


def record_check_runs(store: Store, run_id: str, recorded_at: datetime, rule_runs: Sequence[Any]) -> None:
    """Appends how each rule fared; also of a batch that stayed unchecked, so that the failure is on record."""
    columns = ("run_id", "recorded_at", "rule", "rows_checked", "rows_failed", "seconds", "state", "engine")
    runs = [(run_id, recorded_at, *(getattr(r, c) for c in columns[2:])) for r in rule_runs]
    store.append("check_run", columns, runs)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
