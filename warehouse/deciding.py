"""Decisions of a coordinator: kept as rows, read back as what holds now.

Belongs here: the table ``decision`` and what follows from it (closed periods, extended deadlines, withdrawn
figures). Does not: whether a decision may be taken and whom it is told (flows.steps.deciding).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from warehouse import audit
from warehouse.store import Rows, Store


class Kind(StrEnum):
    APPROVE = "approve"  # the summary may be sent
    RETURN_SUMMARY = "return_summary"  # it may not, and why
    CLOSE = "close"
    REOPEN = "reopen"
    EXTEND = "extend"  # payload: until
    RETURN_SUBMISSION = "return_submission"  # payload: receipt_no, withdrawn
    NOTE = "note"


@dataclass(frozen=True)
class Decision:
    """``unit`` None: the whole period. ``payload`` holds plain JSON values."""

    period: str
    kind: Kind
    actor: str
    reason: str
    recorded_at: datetime
    unit: str | None = None
    reason_code: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


_COLUMNS = (
    "sequence", "period", "unit", "kind", "actor", "reason", "reason_code", "payload", "recorded_at",
)  # fmt: skip


def record(store: Store, decision: Decision) -> None:
    """Appends one decision; call it in the transaction of what it changes."""
    d = decision
    payload = json.dumps(dict(d.payload), ensure_ascii=False, sort_keys=True)
    number = store.rows("read_next_decision_sequence")[0]["sequence"]
    row = (number, d.period, d.unit, str(d.kind), d.actor, d.reason, d.reason_code, payload, d.recorded_at)
    before = {
        "is_closed": d.period in closed_periods(store),
        "due_at": extended_deadlines(store, d.period).get(d.unit or ""),
    }
    store.append("decision", _COLUMNS, [row])
    after = dict(d.payload) | ({"reason_code": d.reason_code} if d.reason_code else {})
    note = audit.Note(
        str(d.kind), d.payload.get("receipt_no") or d.unit or d.period, d.recorded_at, d.actor, audit.PERSON,
        d.period, d.unit, d.reason, before, after,
    )  # fmt: skip
    audit.record(store, [note])


def decisions(source: Rows, period: str | None = None) -> list[Decision]:
    """Oldest first; of every period when ``period`` is None."""
    return [
        Decision(
            r["period"], Kind(r["kind"]), r["actor"], r["reason"], r["recorded_at"], r["unit"], r["reason_code"],
            json.loads(r["payload"]),
        )
        for r in source.rows("list_decisions", {"period": period})
    ]  # fmt: skip


def closed_periods(source: Rows) -> set[str]:
    return {r["period"] for r in source.rows("list_decision_closed")}


def extended_deadlines(source: Rows, period: str) -> dict[str, datetime]:
    """By unit code, only units whose deadline was moved."""
    return {r["unit"]: r["due_at"] for r in source.rows("list_decision_deadlines", {"period": period})}


def deadlines(source: Rows, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], datetime]:
    """By (unit, period), the deadline that holds for that unit; periods never opened are left out."""
    wanted = set(asked)
    common = {r["period"]: r["due_at"] for r in source.rows("list_cycles")}
    moved = {
        (unit, period): due_at
        for period in {period for _, period in wanted} & set(common)
        for unit, due_at in extended_deadlines(source, period).items()
    }
    return {key: moved.get(key, common[key[1]]) for key in wanted if key[1] in common}


def withdraw(store: Store, submission_id: str, reason: str, recorded_at: datetime) -> int:
    """Appends a revision with status ``missing`` for every figure of the submission that stands; their number.

    Figures it had replaced do not come back: their unit took them back itself (ADR 12).
    """
    before: int = store.rows("count_observations")[0]["observations"]
    params = {"submission_id": submission_id, "reason": reason, "recorded_at": recorded_at}
    store.run("insert_decision_withdrawals", params)
    return int(store.rows("count_observations")[0]["observations"]) - before
