"""The use cases of the reporting cycle as plain functions: no Prefect here, time is an argument.

Each is idempotent: run again with the same input it changes nothing and sends nothing twice.
"""

from flows.steps.collecting import CollectResult, collect
from flows.steps.cycling import CycleResult, run_cycle
from flows.steps.delivering import deliver
from flows.steps.opening import OpenResult, open_cycle
from flows.steps.rechecking import RecheckResult, recheck
from flows.steps.reminding import RemindResult, remind
from flows.steps.reporting import ReportResult, report
from flows.steps.viewing import status

__all__ = [
    "CollectResult",
    "CycleResult",
    "OpenResult",
    "RecheckResult",
    "RemindResult",
    "ReportResult",
    "collect",
    "deliver",
    "open_cycle",
    "recheck",
    "remind",
    "report",
    "run_cycle",
    "status",
]
