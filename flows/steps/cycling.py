"""A whole quarter in one go, without a server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flows.office import Office
from flows.steps.collecting import CollectResult, collect
from flows.steps.opening import OpenResult, open_cycle
from flows.steps.reporting import ReportResult, report


@dataclass(frozen=True)
class CycleResult:
    opened: OpenResult
    collected: CollectResult
    reported: ReportResult


def run_cycle(
    office: Office, period: str, as_of: datetime, *, inbox: Path | None = None, send: bool = False
) -> CycleResult:
    """Open, collect, check, assess, report. Without ``send`` mails are composed and queued, none leaves."""
    opened = open_cycle(office, period, as_of)
    collected = collect(office, as_of, inbox=inbox, period=period, send=False)
    # A sent report delivers all that is queued, the answers of this collection included.
    reported = report(office, period, as_of, send=send)
    return CycleResult(opened, collected, reported)
