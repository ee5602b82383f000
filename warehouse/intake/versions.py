"""Earlier layouts of the upload workbook that are still understood, and how each differs from today's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from warehouse.intake.reading import LayoutProblem


@dataclass(frozen=True)
class EarlierLayout:
    change: str  # what is different, for the clerk
    absent: frozenset[str]  # columns that it never had


CURRENT = "1"
EARLIER = {"0": EarlierLayout("没有“口径”栏", frozenset({"口径"}))}


def migrate(version: str, problems: Sequence[LayoutProblem]) -> tuple[str, tuple[LayoutProblem, ...]]:
    """The version to go on with, and what is still wrong: what a known earlier layout explains is no fault.

    A migrated file says so itself (problem ``template_old``), so it goes on as a current one.
    """
    earlier = EARLIER.get(version)
    if earlier is None:
        return version, tuple(problems)
    rest = [p for p in problems if not (p.code == "column_missing" and p.value in earlier.absent)]
    return CURRENT, (*rest, LayoutProblem("template_old", value=f"版本{version}，{earlier.change}"))
