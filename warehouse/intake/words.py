"""What the upload workbook prints (sheets, headers, states) in Chinese and in the other languages, and how texts compare.

Belongs here: the names of the layout and the folding of a written text. Does not: where they stand (layout).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from config.language import language
from warehouse.intake.numbers import show_number

FIGURES = "填报表"
PROGRESS = "工作进展"
META = "_meta"
OTHERS = frozenset({"填报说明", META, "校验结果"})
FIGURE_HEADER = (
    "指标编码", "指标名称", "计量单位", "口径", "2020目标", "上期值", "本期值", "分子", "分母", "零报告", "说明",
)  # fmt: skip
PROGRESS_HEADER = ("措施编码", "措施名称", "角色", "进展状态", "进展说明", "佐证")
STATES = frozenset({"未启动", "推进中", "已完成"})
END_LABEL = "填报行数"
CLAIMS = {"填报单位": "unit_name", "单位编码": "unit_code", "报告期": "period"}
# The target's column names its year; which year that is, is the plan's business.
_TARGET = "2020目标"
OTHER_LANGUAGES = ("en",)


class Words:
    """The printed words of one language and what they are called here: ``words("Value")`` is 本期值.

    :param names: folded words; Chinese needs none
    :param target: how the target's column is headed, whatever its year
    """

    def __init__(self, names: Mapping[str, str], target: re.Pattern[str], sheets: Mapping[str, str]) -> None:
        self.names, self.target, self.sheets = names, target, sheets

    def __call__(self, text: str) -> str:
        return self.names.get(text) or (_TARGET if self.target.match(text) else text)


CHINESE_WORDS = Words({}, re.compile(r"[0-9]{4}目标\Z"), {})


@cache
def words_of(code: str) -> Words:
    """Folded words of a workbook printed in language ``code`` -> the names used in this module."""
    say = language(code)
    ours = (*FIGURE_HEADER, *PROGRESS_HEADER, *CLAIMS, *STATES, END_LABEL, "是", "否")
    target = re.escape(fold(say("%(year)s目标", year="0000"))).replace("0000", "[0-9]{4}")
    return Words(
        {fold(say(name)): name for name in ours if name != _TARGET},
        re.compile(target + r"\Z"),
        {FIGURES: say(FIGURES)},
    )


def show(value: Any) -> str:
    """A cell as text for people, whatever its type; numbers as their cell shows them."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return show_number(value)
    return str(value)


def fold(value: Any) -> str:
    """For comparing names: NFKC, all white space and invisible marks removed."""
    if value is None or value == "":
        return ""
    return _fold_text(value if isinstance(value, str) else show(value))


@lru_cache(maxsize=4096)  # the same headers and codes come with every file of a batch
def _fold_text(text: str) -> str:
    if text.isascii():
        return "".join(text.split())
    text = unicodedata.normalize("NFKC", text)
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")
