"""Reporting units: the bodies the notice names, with their aliases and areas."""

from __future__ import annotations

from typing import Literal
from unicodedata import normalize

from pydantic import BaseModel, ConfigDict

from config.plan import Code


class ReportingUnit(BaseModel):
    """One body that owes figures. ``code`` is also the name of its drop folder (ASCII)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code
    name: str
    kind: Literal["bureau", "county", "park", "enterprise", "central", "party"]
    aliases: tuple[str, ...] = ()
    city: Code | None = None  # None: the plan's city; set where a plan spans several


def fold_name(text: str) -> str:
    """One spelling for names: NFKC, no spaces, one kind of brackets, lower case."""
    folded = normalize("NFKC", text).translate(str.maketrans("〈〉<>[]【】〔〕", "()()()()()"))
    return "".join(folded.split()).lower()
