"""What is thrown away after how long, and what never is. Figures are settings (``keep``); docs/operations.md lists them.

Belongs here: choosing and removing. Does not: facts. The archive, the journal, quarantine, reports and the warehouse
are never shortened.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from config.calendar import SHANGHAI, period_index, period_of
from config.settings import Keep
from flows.office import Office
from flows.upkeep.backups import backup, backups, head_file
from warehouse import audit


@dataclass(frozen=True)
class Maintained:
    """What one night's upkeep did; counts of files and folders removed."""

    backup: str = ""  # file name, empty when none was asked for
    backups: int = 0
    set_aside: int = 0
    logs: int = 0
    outbox: int = 0
    returned: int = 0
    workbooks: int = 0

    @property
    def removed(self) -> int:
        return sum(v for v in asdict(self).values() if isinstance(v, int))


def maintain(office: Office, as_of: datetime, *, with_backup: bool = True) -> Maintained:
    """Makes a verified backup, then removes what the settings no longer keep. Idempotent; nothing of a fact is touched.

    :raises OSError: no room for the backup; nothing is removed then
    """
    home, keep = office.home, office.config.settings.keep
    saved = backup(office, as_of).name if with_backup else ""
    done = Maintained(
        saved,
        _remove(expired_backups(backups(home), keep)),
        _remove(_older(home.backups, "before-*", as_of, keep.set_aside_days)),
        _remove(_older(home.logs, "*.[0-9]*", as_of, keep.logs_days)) + _rotate(home.logs, keep.log_mb),
        _remove(_older(home.outbox, "*.eml", as_of, keep.outbox_days)),
        _remove(_periods(home.root / "returned", as_of, keep.returned_quarters)),
        _remove(_periods(home.root / "workbooks", as_of, keep.workbooks_quarters)),
    )
    with office.store() as store, store.transaction():
        audit.record(store, [audit.Note("maintain", f"{as_of:%Y-%m-%d}", as_of, after=asdict(done))])
    return done


def expired_backups(found: Sequence[Path], keep: Keep) -> list[Path]:
    """Those of ``found`` (oldest first) that no step keeps: the newest of each of the last days, weeks, quarters."""
    moments = {p: datetime.strptime(p.name[6:21], "%Y%m%d-%H%M%S") for p in found}  # noqa: DTZ007
    wanted: set[Path] = set()
    for number, bucket in (
        (keep.backups_daily, lambda t: t.date().isoformat()),
        (keep.backups_weekly, lambda t: t.isocalendar()[:2]),
        (keep.backups_quarterly, lambda t: (t.year, (t.month - 1) // 3)),
    ):
        newest = {bucket(at): p for p, at in moments.items()}  # the last one of each bucket stays
        wanted |= set(list(newest.values())[-number:] if number else [])
    return [p for p in found if p not in wanted]


def _older(folder: Path, pattern: str, as_of: datetime, days: int) -> list[Path]:
    limit = (as_of - timedelta(days=days)).timestamp()
    return [p for p in folder.glob(pattern) if p.lstat().st_mtime < limit]


def _periods(folder: Path, as_of: datetime, quarters: int) -> list[Path]:
    """Folders of periods (quarters, years) that ended more than ``quarters`` quarters ago."""
    now = period_index(period_of(as_of.astimezone(SHANGHAI).date()))
    kinds = ("[12][0-9][0-9][0-9]-Q[1-4]", "[12][0-9][0-9][0-9]-A1")
    listed = [path for kind in kinds for path in folder.glob(kind)] if folder.is_dir() else []
    return [path for path in listed if now - period_index(path.name) > quarters]


def _remove(paths: Sequence[Path]) -> int:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
            head_file(path).unlink(missing_ok=True)
    return len(paths)


def _rotate(logs: Path, most_mb: int) -> int:
    """Output of the services: copied and emptied in place, for the service keeps its file open."""
    count = 0
    for path in logs.glob("*.log"):
        if path.stat().st_size > most_mb << 20:
            shutil.copyfile(path, path.with_name(f"{path.name}.1"))
            os.truncate(path, 0)
            count += 1
    return count
