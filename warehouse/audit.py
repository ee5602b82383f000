"""The audit log: who did what, when, with the state before and after; appended, each row chained to the one before.

Belongs here: writing rows and proving the chain. Does not: the journal files that carry them outside the warehouse
(warehouse.journal), what an action means for a unit (flows).

Call :func:`record` in the transaction of the change it tells of.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from warehouse.journal import START
from warehouse.store import Rows, Store

PERSON, UNIT, SYSTEM = "person", "unit", "system"
_COLUMNS = (
    "sequence", "recorded_at", "as_of", "actor", "actor_kind", "action", "subject", "period", "unit", "reason",
    "before", "after", "run_id", "previous_hash", "hash",
)  # fmt: skip
_SIGNED = _COLUMNS[:-1]


@dataclass(frozen=True)
class Note:
    """One thing done. ``before`` and ``after`` hold plain JSON values; None where there was or is nothing."""

    action: str  # receive, copy, verdict, open, publish, configure, extend, close, mail, backup, restore, ...
    subject: str  # what it was done to: receipt number, mail id, period, plan hash
    as_of: datetime  # the office's time of the change
    actor: str = ""  # empty: whoever is at work
    actor_kind: str = ""
    period: str | None = None
    unit: str | None = None
    reason: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    run_id: str | None = None


def record(store: Store, notes: Sequence[Note]) -> None:
    """Appends one row a note; ``recorded_at`` is the clock's, whatever moment is replayed."""
    if not notes:
        return
    last = store.rows("read_audit_head")
    sequence, previous = (last[0]["sequence"], last[0]["hash"]) if last else (0, START)
    journal = store.journal
    rows = []
    for note in notes:
        sequence += 1
        actor = note.actor or (journal.actor if journal else "") or "jibao"
        row = {
            "sequence": sequence,
            "recorded_at": journal.now() if journal else note.as_of,
            "as_of": note.as_of,
            "actor": actor,
            "actor_kind": note.actor_kind or (PERSON if note.actor else SYSTEM),
            "action": note.action,
            "subject": note.subject,
            "period": note.period,
            "unit": note.unit,
            "reason": note.reason,
            "before": _json(note.before),
            "after": _json(note.after),
            "run_id": note.run_id,
            "previous_hash": previous,
        }
        previous = digest(row)
        rows.append([*(row[c] for c in _SIGNED), previous])
    store.append("audit", _COLUMNS, rows)


def digest(row: Mapping[str, Any]) -> str:
    """SHA-256 over every column but the hash itself; instants as microseconds since 1970."""
    values = [round(v.timestamp() * 1_000_000) if isinstance(v := row[c], datetime) else v for c in _SIGNED]
    return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()


def broken(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is wrong with the chain of these rows, oldest first; one Chinese line each."""
    problems, sequence, previous = [], 0, START
    for row in rows:
        here = f"审计记录 {row['sequence']} 号"
        if row["sequence"] != sequence + 1:
            problems.append(f"{here}：前一条是 {sequence} 号，中间的记录被删除、插入或换了次序")
        elif row["previous_hash"] != previous:
            problems.append(f"{here}：与前一条接不上，前一条被改动或替换过")
        if digest(row) != row["hash"]:
            problems.append(f"{here}：内容与校验值不符，被改动过")
        sequence, previous = row["sequence"], row["hash"]
    return problems


def listed(source: Rows, period: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
    """The newest rows, oldest first."""
    return source.rows("list_audit", {"period": period, "limit": limit})


def _json(value: Mapping[str, Any] | None) -> str | None:
    if value is None:
        return None
    return json.dumps(dict(value), ensure_ascii=False, sort_keys=True, default=str)
