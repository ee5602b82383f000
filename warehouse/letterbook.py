"""The letter book: every letter's bytes, one after the other in a file a month in HOME/letters, never changed.

Belongs here: the files. Does not: which letters there are and what became of them (warehouse.ledger).

A warehouse is copied whole whenever it was written to, and a letter is a thousand times as large as what is known of
it (docs/adr/0023). What is written here is synced before the commit that tells of it; after a crash or a rollback
bytes may lie here that nothing tells of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from warehouse.durable import appending
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

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("letters-*.mime"))

    def add(self, letters: Iterable[bytes], at: datetime) -> list[Page]:
        """Writes and syncs ``letters`` into the file of ``at``'s month.

        :raises OSError: disk full, read-only, no permission; the file is as it was
        """
        path, pages = self.folder / f"letters-{at:%Y-%m}.mime", []
        with appending(path) as file:
            for letter in letters:
                digest = hashlib.sha256(letter).hexdigest()
                pages.append(Page(path.name, file.tell(), len(letter), digest))
                file.write(letter)
            file.flush()
            reached("letters-part")
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
            why = "文件不见了" if isinstance(error, FileNotFoundError) else error.strerror
            raise LetterLost(f"信件存档 letters/{page.letter_file} 读不出（{why}）") from error
        if hashlib.sha256(letter).hexdigest() != page.letter_sha256:
            raise LetterLost(
                f"信件存档 letters/{page.letter_file} 第 {page.letter_at} 字节处的信件缺失或被改动过"
            )
        return letter
