"""An office with an open quarter, uploads for it, and the promise every drop must keep (invariant I)."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from shared_homes import ARE_COPIED, copied

from config.calendar import SHANGHAI
from flows import sample, steps
from flows.office import Office, open_office
from flows.steps.opening import workbook_specs
from templates.workbook import Filled
from warehouse import ledger

PERIOD, NEXT = "2019-Q3", "2019-Q4"
OPENED = datetime(2019, 10, 8, 9, tzinfo=SHANGHAI)
COLLECTED = datetime(2019, 10, 16, 10, tzinfo=SHANGHAI)


@dataclass
class Desk:
    """One office under test; remembers what was dropped."""

    office: Office
    dropped: list[tuple[str, str, str]] = field(default_factory=list)  # unit ("" for nobody's), name, sha256

    def drop(self, folder: str, name: str | bytes, body: bytes, *, age: float = 60) -> Path:
        """Writes an entry that has settled ``age`` seconds ago."""
        place = self.office.home.inbox / folder
        place.mkdir(parents=True, exist_ok=True)
        path = os.fsencode(place) + b"/" + os.fsencode(name)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(handle, "wb") as out:
            out.write(body)
        os.utime(path, (time.time() - age,) * 2)
        owner = self.office.config.find_unit(folder) if folder else None
        digest = hashlib.sha256(body).hexdigest()
        self.dropped.append((owner.code if owner else "", os.fsdecode(name), digest))
        return Path(os.fsdecode(path))

    def collect(self, at: datetime = COLLECTED, **more: Any) -> steps.CollectResult:
        return steps.collect(self.office, at, send=False, **more)

    def figures(self, unit: str, period: str = PERIOD) -> dict[str, Filled]:
        return sample.figures(self.office.config, unit, period)

    def book(
        self, unit: str, filled: Mapping[str, Filled] | None = None, period: str = PERIOD, **spec: Any
    ) -> bytes:
        specs = workbook_specs(self.office, period, COLLECTED, {}, COLLECTED)
        made = replace(specs[unit], **spec)
        return sample.workbook(made, self.figures(unit, period) if filled is None else filled)

    def sql(self, text: str, *params: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.office.home.snapshot), read_only=True) as con:
            con.execute("SET TimeZone = 'Asia/Shanghai'")
            return con.execute(text, list(params)).fetchall()

    def mails(self, **wanted: Any) -> list[dict[str, Any]]:
        with self.office.store() as store:
            found = ledger.list_mails(store)[::-1]  # oldest first
        return [m for m in found if all(m[k] == v for k, v in wanted.items())]

    def answers(self, unit: str) -> list[dict[str, Any]]:
        """Receipts and returns that the unit's clerk gets."""
        clerk = self.office.config.contacts.clerk(unit)
        assert clerk is not None
        return [m for m in self.mails(recipient=clerk.mail, unit=unit) if m["kind"] in ("receipt", "return")]

    def text(self, mail: Mapping[str, Any]) -> str:
        import email
        import email.policy

        with self.office.store() as store:
            eml = ledger.show(store, mail["mail_id"]).mail["eml"]
        body = email.message_from_bytes(eml, policy=email.policy.default).get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    def check_invariant(self) -> None:
        """Every drop: its bytes in exactly one place, one arrival, one submission a unit and content, one answer."""
        home = self.office.home
        status = {
            (u, s): (sid, st)
            for u, s, sid, st in self.sql("SELECT unit, sha256, submission_id, status FROM mart.submission")
        }
        arrivals = Counter(self.sql("SELECT unit, sha256 FROM main.arrival"))
        assert arrivals == Counter((u, s) for u, _, s in self.dropped)
        assert len(status) == len(set(arrivals)) == self.sql("SELECT count(*) FROM mart.submission")[0][0]
        for unit, name, digest in self.dropped:
            archived = home.archive / digest[:2] / digest
            held = home.quarantine / f"{unit or '_'}-{digest}"
            is_held = status[unit, digest][1] == "quarantined"
            place = held if is_held else archived
            assert hashlib.sha256(place.read_bytes()).hexdigest() == digest, name
            assert held.exists() == is_held, name
            if not is_held:
                continue
            elsewhere = [u for u, s in status if s == digest and status[u, s][1] != "quarantined"]
            assert archived.exists() == bool(elsewhere), name
        for unit, count in Counter(u for u, _, _ in self.dropped if u).items():
            assert len(self.answers(unit)) == count, unit
        assert [p for p in home.landing.rglob("*") if p.is_file()] == []


def open_desk(root: Path, *periods: str) -> Desk:
    """A desk in a home of its own. A home nobody has configured is the copy of one that was opened before."""
    periods = periods or (PERIOD,)
    if ARE_COPIED and not root.exists():
        return Desk(open_office(copied(_opened(periods), root), trigger="test"))
    return Desk(_open(root, periods))


def _open(root: Path, periods: tuple[str, ...]) -> Office:
    office = open_office(root, trigger="test")
    for period in periods:
        steps.open_cycle(office, period, OPENED)
    return office


@cache
def _opened(periods: tuple[str, ...]) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="jibao-desk-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return _open(folder / "home", periods).home.root
