"""Status: who owes, who is late, what was returned or held. Reads the snapshot, changes nothing."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import datetime
from typing import Any

from flows import inbox as drop_folder
from flows.office import Office
from warehouse.intake.guard import display_name
from warehouse.store import Rows


class NotOpened(RuntimeError):
    """The period has no cycle yet."""


def opened_cycle(source: Rows, period: str) -> dict[str, Any]:
    """The row of ``period``'s cycle; whoever works on a quarter begins here.

    :raises NotOpened: when the cycle was never opened, with what to do
    """
    found = source.rows("read_cycle", {"period": period})
    if not found:
        raise NotOpened(f"{period} 还没有开启；请先运行 jibao open --period {period}")
    return found[0]


def status(office: Office, period: str, as_of: datetime) -> dict[str, Any]:
    """The state of ``period`` at this moment, ready for JSON.

    :raises NotOpened: when the cycle was never opened
    """
    with office.reader() as reader:
        cycle = opened_cycle(reader, period)
        units = reader.rows("list_status_units", {"period": period})
        owed = reader.rows("list_owed", {"period": period, "units": []})
        files = reader.rows("list_status_files", {"period": period})
        copies = reader.rows("list_status_copies", {"period": period})
    owes: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in owed:
        owes[row["unit"]].append({"item": row["item"], "kind": row["item_kind"], "name": row["name"]})
    due_at = cycle["due_at"]
    waiting = drop_folder.scan(office.home.inbox, now=time.time(), settle_seconds=0)
    return {
        "period": period,
        "as_of": as_of.isoformat(),
        "due_at": due_at.isoformat(),
        "grace_until": cycle["grace_until"].isoformat(),
        "is_overdue": as_of > due_at,
        "expected": sum(u["expected"] for u in units),
        "accepted": sum(u["accepted"] for u in units),
        "units": [
            u | {"owed": owes[u["unit"]], "is_late": as_of > u["due_at"] and not u["is_timely"]} for u in units
        ],
        "submissions": [_file(f) for f in files],
        "returned": [_file(f) for f in files if f["status"] == "returned"],
        "held": [_file(f) for f in files if f["status"] == "quarantined"],
        "duplicates": [_file(c | {"status": "duplicate", "reason": f"与 {c['receipt_no']} 内容相同"}) for c in copies],
        "waiting": [display_name(c.path.rsplit(b"/", 1)[1]) for c in waiting.ready] + waiting.folders,
    }  # fmt: skip


def _file(row: dict[str, Any]) -> dict[str, Any]:
    return {k: row[k] for k in ("unit", "file_name", "receipt_no", "status", "reason")}
