"""The one catalogue of messages (``messages.yml``) and how its placeholders are filled.

Belongs here: wording and number formats. Does not: deciding what is wrong (rules, run).
"""

from __future__ import annotations

import math
import string
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from config.language import CHINESE, N_, Language

MISSING = N_("（空）")
CLIP = 40  # a pasted paragraph in a figure's cell is quoted by its beginning
NAMES_SHOWN = 8
PLACES_MAX = 12  # what is smaller is the noise of doubles
_HALF_UP = Context(prec=400, rounding=ROUND_HALF_UP)  # digits of the largest double written out


@cache
def catalogue() -> Mapping[str, str]:
    """Message templates by ``rule`` or ``rule.variant``."""
    found: dict[str, str] = yaml.safe_load(files("checks").joinpath("messages.yml").read_text("utf-8"))
    return found


def template(rule: str, variant: str = "", say: Language = CHINESE) -> str:
    """The variant's own wording, else the rule's.

    :raises KeyError: the catalogue lacks the rule
    """
    found = catalogue()
    return say(found.get(f"{rule}.{variant}") or found.get(rule) or found[f"{rule}.{variant}"])


def fill(text: str, values: Mapping[str, Any], say: Language = CHINESE) -> str:
    """Fills ``{field}`` and ``{field:spec}``; a missing value reads （空）, never nan or None.

    ``{field:abs}`` and ``{field:abs.1f}`` show how much without the sign: 相差 says the rest.

    Values are inserted as text and never parsed: braces in a clerk's cell stay braces.
    """
    return _Plain(say).vformat(text, (), values)


def held_message(reason: str, detail: str = "", say: Language = CHINESE) -> str:
    """In words: a file that could not be read safely (``HeldReason``)."""
    return fill(template("held", reason, say), {"shown": detail}, say)


def clean(value: Any) -> str:
    """A clerk's text on one line, without control or bidi characters, clipped."""
    text = "".join(
        " " if c.isspace() else c
        for c in str(value)
        if unicodedata.category(c) not in ("Cc", "Cf") or c.isspace()
    )
    text = " ".join(text.split())
    return text if len(text) <= CLIP else text[:CLIP] + "…"


def number(value: float) -> str:
    """Four decimals, more where a small number has fewer than three digits by then; no trailing zeros, no exponent."""
    if not math.isfinite(value):
        return str(value)
    exact = Decimal(str(value))
    places = min(max(4, 2 - exact.adjusted()), PLACES_MAX)
    text = _rounded(exact, f".{places}f")
    text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _rounded(exact: Decimal, spec: str) -> str:
    """Half up from the number as it is written: 0.00125 is 0.0013, which in binary lies just below."""
    with localcontext(_HALF_UP):
        return format(exact, spec)


def listed(names: Sequence[str], say: Language = CHINESE) -> str:
    """甲、乙、丙 等12项"""
    unique = list(dict.fromkeys(names))
    head = say.listed(unique[:NAMES_SHOWN])
    return head if len(unique) <= NAMES_SHOWN else say("%(names)s等%(n)s项", names=head, n=len(unique))


def shift_times(exponent: float | None, say: Language = CHINESE) -> str:
    """How far off an order of magnitude is: 偏大约1万倍."""
    if exponent is None:
        return ""
    power = round(abs(exponent))
    times = say("1万倍") if power == 4 else say("10的%(power)s次方倍", power=power)
    return say("偏大约%(times)s", times=times) if exponent > 0 else say("偏小约%(times)s", times=times)


def is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or str(value) in ("<NA>", "NaT")


class _Plain(string.Formatter):
    """Plain names only: no attributes, no indices, no positions. An absent field reads as a missing value:
    a slip in the wording must not stop a collection (a test holds every field against the frames)."""

    def __init__(self, say: Language) -> None:
        self.say = say

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        if not field_name.isidentifier():
            raise KeyError(field_name)
        return kwargs.get(field_name), field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if is_missing(value) or value == "":
            return self.say(MISSING)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return clean(value)
        if format_spec.startswith("abs"):
            value, format_spec = abs(value), format_spec.removeprefix("abs")
        return _rounded(Decimal(str(value)), format_spec) if format_spec else number(value)
