"""``jibao attain``: a table from a file, scored in the warehouse room, back as CSV text."""

from __future__ import annotations

from pathlib import Path

from warehouse.scoring import score_file


def attain(table: Path, method: str) -> str:
    """The input columns followed by progress, status, score, note, as CSV text.

    :raises warehouse.scoring.TableError: naming line and column of the first unusable cell
    """
    return score_file(table, method)
