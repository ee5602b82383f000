"""The language people are spoken to in. Chinese is the source; other languages are message catalogues.

Belongs here: one explicit translator object, handed down as an argument. Does not: any sentence, numbers and
dates as people write them (templates.formats), a global "current language".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

DOMAIN = "jibao"


_BY_YEAR = (
    ("一季", "一年"),
    ("以前季度", "以前年度"),
    ("本季度", "本年度"),
    ("本季", "本年"),
    ("上季", "上年"),
    ("每季", "每年"),
    ("各季", "各年"),
    ("该季", "该年"),
)


@dataclass(frozen=True)
class Language:
    """``say("共%(n)s项", n=3)``: the sentence of the source, in this language, with its places filled.

    A sentence without values is taken as it stands; with values every literal per-cent sign is doubled
    (``%%``), in source and translation alike. A sentence the catalogue lacks stays Chinese: a test sees to it
    that none is lacking.
    """

    code: str  # zh, en
    html: str  # the lang attribute: zh-CN, en
    messages: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False, compare=False)
    is_yearly: bool = (
        False  # Chinese sentences speak of 本季, 上季; a plan that reports by year, of 本年, 上年
    )

    def __call__(self, text: str, /, **values: Any) -> str:
        said = self.messages.get(text, text)
        if self.is_yearly and self.is_chinese and "季" in said:
            for quarter, year in _BY_YEAR:
                said = said.replace(quarter, year)
        return said % values if values else said

    def stored(self, text: str) -> str:
        """A sentence kept in the warehouse in the source language (config.stored); several are joined by ``；``."""
        if self.is_chinese:
            return self(text)
        return "; ".join(self._stored(part) for part in _parts(text, "；"))

    def _stored(self, text: str) -> str:
        if text in self.messages:
            return self(text)
        for pattern, source in _patterns():
            if found := pattern.fullmatch(text):
                return self(source, **{k: self._stored(v) for k, v in found.groupdict().items()})
        listed = [_REASON.fullmatch(part) for part in _parts(text, "，")]
        if all(listed):
            return ", ".join(f"{one[1]} ({self.stored(one[2])})" for one in listed if one)
        return text

    @property
    def is_chinese(self) -> bool:
        return self.code == "zh"

    def listed(self, items: list[str] | tuple[str, ...]) -> str:
        """Several names in one sentence, with this language's comma."""
        return ("、" if self.is_chinese else ", ").join(items)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    from config.stored import PATTERNS  # which marks its sentences with N_ of this module

    changing = [text for text in PATTERNS if "%(" in text]
    return tuple(
        (re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+?)", re.escape(text)), re.S), text)
        for text in changing
    )


# 名称（理由），as the mart lists what a score leaves out.
_REASON = re.compile(r"([^（]+)（(.+)）", re.S)


def _parts(text: str, mark: str) -> list[str]:
    """Split at ``mark``, but not inside full-width brackets."""
    found, depth = [""], 0
    for char in text:
        depth += (char == "（") - (char == "）")
        if char == mark and depth == 0:
            found.append("")
        else:
            found[-1] += char
    return found


CHINESE = Language("zh", "zh-CN")


def N_(text: str) -> str:  # noqa: N802 (gettext's own name for a sentence translated later)
    """Marks a sentence of the source for the catalogue; whoever shows it translates it."""
    return text


@cache
def language(code: str, is_yearly: bool = False) -> Language:
    """The language of ``locale: zh|en``; the catalogue is read once.

    :param is_yearly: the plan reports by year

    :raises ValueError: no catalogue of that name ships
    """
    if code == CHINESE.code:
        return Language("zh", "zh-CN", is_yearly=True) if is_yearly else CHINESE
    file = files("config").joinpath("locale", code, "LC_MESSAGES", f"{DOMAIN}.po")
    if not file.is_file():
        raise ValueError(f"没有语言 {code} 的文字目录")
    from babel.messages.pofile import read_po  # 0.1 s, and a Chinese office never needs it

    with file.open("rb") as stream:
        catalogue = read_po(stream, locale=code, domain=DOMAIN)
    said = {
        str(m.id): str(m.string)
        for m in catalogue
        if m.id and m.string and not isinstance(m.id, (tuple, list))
    }
    return Language(code, code, said)
