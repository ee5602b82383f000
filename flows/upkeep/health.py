"""What a monitor asks every minute: is this office all right, in one small JSON. Reads the snapshot, changes nothing.

Belongs here: figures and their limits. Does not: words for people (doctor), serving it (flows.service.serving).
No path, no name, no address, no secret is in the answer.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import duckdb

from flows import clock
from flows import inbox as drop_folder
from flows.office import Office
from flows.upkeep.backups import backups
from warehouse.store import StoreError

_LEAST_FREE_MB, _CRITICAL_FREE_MB = 1024, 200
_LONGEST_WAIT_S = 3600  # the drop folder is looked at every quarter of an hour by schedule alone
_FRESH_S = 5.0


def health(office: Office, as_of: datetime) -> dict[str, Any]:
    """``status`` ok, degraded or failed, ``problems`` by name, and the figures behind them.

    Ages in seconds at ``as_of``; sizes in MB; null where there is nothing yet.
    """
    home, problems, failed = office.home, [], False
    free_mb = shutil.disk_usage(home.root).free >> 20
    if free_mb < _LEAST_FREE_MB:
        problems.append("disk")
        failed = free_mb < _CRITICAL_FREE_MB
    told: dict[str, Any] = {"disk_free_mb": free_mb, "snapshot_age_s": _age(home.snapshot, as_of)}
    scan = drop_folder.scan(home.inbox, now=as_of.timestamp(), settle_seconds=0)
    oldest = min((c.info.st_mtime for c in scan.ready), default=None)
    waited = round(as_of.timestamp() - oldest) if oldest is not None else None
    told |= {"files_waiting": len(scan.ready), "oldest_file_wait_s": waited}
    if waited is not None and waited > _LONGEST_WAIT_S:
        problems.append("files_waiting")
    last = backups(home)
    told["backup_age_s"] = _age(last[-1], as_of) if last else None
    limit = office.config.settings.keep.backup_max_age_hours * 3600
    if home.warehouse.exists() and (told["backup_age_s"] is None or told["backup_age_s"] > limit):
        problems.append("backup")
    if home.snapshot.exists() or office.lake is not None:
        try:
            told |= _of_warehouse(office, as_of)
        except (StoreError, duckdb.Error):
            problems.append("warehouse")
            failed = True
        if told.get("mails", {}).get("failed") or told.get("mails", {}).get("unsure"):
            problems.append("mails")
        problems += [f"run.{f}" for f, r in told.get("last_runs", {}).items() if r["outcome"] == "failed"]
    status = "failed" if failed else "degraded" if problems else "ok"
    return {"status": status, "as_of": as_of.isoformat(), "problems": problems} | told


def health_of(office: Office) -> Callable[[], dict[str, Any]]:
    """:func:`health` at the present moment, looked up again at most every few seconds."""
    known: list[tuple[float, dict[str, Any]]] = []

    def answer() -> dict[str, Any]:
        now = time.monotonic()
        if not known or now - known[-1][0] > _FRESH_S:
            known[:] = [(now, health(office, clock.now()))]
        return known[-1][1]

    return answer


def _of_warehouse(office: Office, as_of: datetime) -> dict[str, Any]:
    with office.reader() as reader:
        mails = {r["state"]: r["mails"] for r in reader.rows("count_mails_by_state")}
        runs = reader.rows("list_last_runs")
        entries = reader.rows("read_journal_head")
    last = {
        r["flow"]: {
            "age_s": round((as_of - (r["ended_at"] or r["started_at"])).total_seconds()),
            "outcome": r["outcome"] or "running",
        }
        for r in runs
    }
    head = entries[0] if entries else {"sequence": 0, "hash": ""}
    return {
        "mails": mails,
        "last_runs": last,
        "journal_sequence": head["sequence"],
        "journal_hash": head["hash"],
    }


def _age(path: Any, as_of: datetime) -> int | None:
    return round(as_of.timestamp() - path.stat().st_mtime) if path.exists() else None
