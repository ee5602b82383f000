"""The operator's work: making a home, checking its health, backup, restore, rebuild, retention, proving the audit log.

Belongs here: what keeps an office running for years. Does not: any step of the reporting cycle (flows.steps), Prefect.
"""

from flows.upkeep.backups import BackupError, backup, restore, verify
from flows.upkeep.beginning import init
from flows.upkeep.doctor import Check, doctor
from flows.upkeep.health import health
from flows.upkeep.proving import Proof, prove, told_lost
from flows.upkeep.rebuilding import RebuildError, Rebuilt, rebuild
from flows.upkeep.retention import Maintained, maintain

__all__ = [
    "BackupError",
    "Check",
    "Maintained",
    "Proof",
    "RebuildError",
    "Rebuilt",
    "backup",
    "doctor",
    "health",
    "init",
    "maintain",
    "prove",
    "rebuild",
    "restore",
    "told_lost",
    "verify",
]
