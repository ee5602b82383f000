"""The letter book: every letter's bytes, one after the other in a file a month in HOME/letters, never changed.

Belongs here: the files. Does not: which letters there are and what became of them (warehouse.ledger).

A warehouse is copied whole whenever it was written to, and a letter is a thousand times as large as what is known of
it (docs/adr/0023). What is written here is synced before the commit that tells of it; after a crash or a rollback
bytes may lie here that nothing tells of.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from warehouse.durable import sync_folder
from warehouse.killpoints import reached

FOLDER = "letters"


class LetterLost(ValueError):
    """A letter's bytes are gone or were altered; one Chinese line."""


@dataclass(frozen=True)
class Page:
    """Where a letter lies: file, first byte, bytes, and the SHA-256 they must have."""

    letter_file: str
    letter_at: int
    letter_size: int
    letter_sha256: str


class LetterBook:
    """The files of one home. Adding needs the warehouse's lock; reading does not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, letters: Iterable[bytes], at: datetime) -> list[Page]:
        """Writes and syncs ``letters`` into the file of ``at``'s month.

        :raises OSError: disk full, read-only, no permission; the file is as it was
        """
        path = self.folder / f"letters-{at:%Y-%m}.mime"
        self.folder.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        pages = []
        with path.open("ab") as file:
            start = file.tell()
            try:
                for letter in letters:
                    digest = hashlib.sha256(letter).hexdigest()
                    pages.append(Page(path.name, file.tell(), len(letter), digest))
                    file.write(letter)
                file.flush()
                reached("letters-part")
                os.fsync(file.fileno())
            except OSError:
                # What the buffer still holds must not be written by closing.
                os.ftruncate(file.fileno(), start)
                raise
        if is_new:
            sync_folder(self.folder)
        reached("letters")
        return pages

    def read(self, page: Page) -> bytes:
        """The letter as it was composed.

        :raises LetterLost: the file is gone, unreadable, too short, or holds other bytes there
        """
        try:
            with (self.folder / page.letter_file).open("rb") as file:
                file.seek(page.letter_at)
                letter = file.read(page.letter_size)
        except OSError as error:
            raise LetterLost(f"信件存档 letters/{page.letter_file} 读不出（{error.strerror}）") from error
        if hashlib.sha256(letter).hexdigest() != page.letter_sha256:
            raise LetterLost(
                f"信件存档 letters/{page.letter_file} 第 {page.letter_at} 字节处的信件缺失或被改动过"
            )
        return letter
