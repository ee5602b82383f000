"""A judged batch as flat tables and back: the same objects that one machine hands to its store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from checks.findings import Finding, RuleRun, Severity
from warehouse.facts import Arrival, Judged, Status, Submission

_SUBMISSION = (
    "submission_id", "receipt_no", "unit", "period", "received_at", "file_name", "sha256", "size_bytes", "file_kind",
    "entry",
)  # fmt: skip
_VERDICT = ("status", "reason", "claimed_by", "return_name")
_FINDING = (
    "submission_id", "unit", "period", "severity", "rule", "sheet", "cell", "indicator", "value", "message",
    "items", "rows", "cells",
)  # fmt: skip
_RULE = ("rule", "rows_checked", "rows_failed", "seconds", "state", "engine")
_ARRIVAL = ("unit", "file_name", "sha256", "size_bytes", "submission_id", "is_copy", "entry")
_REJECTED = ("submission_id", "sheet", "row")
KEPT_ENTRY = ("folder", "entry", "unit", "sha256", "is_refused")
# Which of several outcomes of one rule is told for a whole load: a failure first.
_WORST = {"not_checked": 0, "checked": 1, "no_rows": 2}


@dataclass(frozen=True)
class Loaded:
    """What a staged batch says. ``return_names``: of annotated workbooks in HOME/returned, by submission_id."""

    judged: list[Judged]
    findings: list[Finding]
    rules: list[RuleRun]
    rejected: set[tuple[str, str, int]]
    copies: list[Arrival]
    return_names: dict[str, str]
    entries: list[dict[str, Any]]


def tables_of(
    judged: Sequence[Judged],
    findings: Sequence[Finding],
    rules: Sequence[RuleRun],
    rejected: Sequence[tuple[str, str, int]],
    copies: Sequence[Arrival],
    return_names: Mapping[str, str],
) -> dict[str, tuple[Sequence[str], Sequence[Sequence[Any]]]]:
    """Columns and rows by table of :data:`warehouse.lake.staging.TABLES`, entries excepted."""
    submissions = [
        (*(getattr(j.submission, c) for c in _SUBMISSION), str(j.status), j.reason, j.claimed_by,
         return_names.get(j.submission.submission_id))
        for j in judged
    ]  # fmt: skip
    return {
        "submission": ((*_SUBMISSION, *_VERDICT), submissions),
        "finding": (_FINDING, [tuple(_plain(getattr(f, c)) for c in _FINDING) for f in findings]),
        "rule": (_RULE, [tuple(getattr(r, c) for c in _RULE) for r in rules]),
        "rejected": (_REJECTED, rejected),
        "arrival": (_ARRIVAL, [tuple(getattr(a, c) for c in _ARRIVAL) for a in copies]),
    }


def objects_of(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> Loaded:
    """The reverse of :func:`tables_of`."""
    judged = [
        Judged(
            Submission(**{c: r[c] for c in _SUBMISSION}), Status(r["status"]), r["reason"], r["claimed_by"]
        )
        for r in tables["submission"]
    ]
    return Loaded(
        judged,
        [_finding(r) for r in tables["finding"]],
        [RuleRun(**r) for r in tables["rule"]],
        {(r["submission_id"], r["sheet"], r["row"]) for r in tables["rejected"]},
        [Arrival(**r) for r in tables["arrival"]],
        {r["submission_id"]: r["return_name"] for r in tables["submission"] if r["return_name"]},
        list(tables["entry"]),
    )


def merged_rules(runs: Iterable[RuleRun]) -> list[RuleRun]:
    """One outcome a rule for several batches loaded together."""
    merged: dict[str, RuleRun] = {}
    for r in runs:
        m = merged.get(r.rule)
        merged[r.rule] = r if m is None else replace(
            m, rows_checked=m.rows_checked + r.rows_checked, rows_failed=m.rows_failed + r.rows_failed,
            seconds=m.seconds + r.seconds, state=min(m.state, r.state, key=_WORST.__getitem__),
        )  # fmt: skip
    return list(merged.values())


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Severity) else value


def _finding(row: Mapping[str, Any]) -> Finding:
    lists = {c: tuple(row[c] or ()) for c in ("items", "rows", "cells")}
    return Finding(**{**row, **lists, "severity": Severity(row["severity"])})
