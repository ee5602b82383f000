"""Where things lie in an office's home folder. No work is done here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from warehouse.letterbook import FOLDER


@dataclass(frozen=True)
class Home:
    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def landing(self) -> Path:
        """Copies being read; emptied into archive or quarantine at commit."""
        return self.root / "landing"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def snapshot(self) -> Path:
        return self.root / "warehouse.snapshot.duckdb"

    @property
    def lake(self) -> Path:
        """Parquet of the warehouse of many machines, where the setting names no other place."""
        return self.root / "lake"

    @property
    def staging(self) -> Path:
        """Judged batches of the slices, waiting for the committer."""
        return self.root / "staging"

    @property
    def site(self) -> Path:
        return self.root / "site"

    @property
    def data_docs(self) -> Path:
        """The check engine's own pages, for an office with network that asked for them."""
        return self.root / "data_docs"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox"

    @property
    def audit(self) -> Path:
        """Every change as lines of JSON, for rebuilding and for auditors; never changed."""
        return self.root / "audit"

    @property
    def letters(self) -> Path:
        """Every letter as it was composed; never changed."""
        return self.root / FOLDER

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def workbooks(self, period: str) -> Path:
        return self.root / "workbooks" / period

    def returned(self, period: str) -> Path:
        return self.root / "returned" / period

    def reports(self, period: str) -> Path:
        return self.root / "reports" / period

    def create(self) -> None:
        """Makes the folders that everyone may expect to exist."""
        for folder in (
            self.config,
            self.inbox,
            self.landing,
            self.archive,
            self.quarantine,
            self.site,
            self.outbox,
            self.backups,
            self.logs,
        ):
            folder.mkdir(parents=True, exist_ok=True)
