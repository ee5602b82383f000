"""Units of measure a figure may be written in, and their exact factors.

A unit is a Chinese magnitude (万, 亿 ...) and a base. Conversions that have no finite decimal factor
(亩 to 公顷) or depend on a rate (美元) are not made.
"""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from functools import lru_cache

_MAGNITUDES = {
    "万亿": Decimal(10) ** 12, "千亿": Decimal(10) ** 11, "百亿": Decimal(10) ** 10, "十亿": Decimal(10) ** 9,
    "亿": Decimal(10) ** 8, "千万": Decimal(10) ** 7, "百万": Decimal(10) ** 6, "十万": Decimal(10) ** 5,
    "万": Decimal(10) ** 4, "千": Decimal(10) ** 3, "百": Decimal(100),
}  # fmt: skip
# base as written: (family, factor)
_BASES: dict[str, tuple[str, Decimal]] = {
    name: (family, Decimal(factor))
    for family, names in {
        "元": {"元": "1", "元人民币": "1", "人民币元": "1", "元(人民币)": "1", "圆": "1"},
        "%": {"%": "1", "百分比": "1", "百分数": "1", "‰": "0.1"},
        "百分点": {"百分点": "1", "个百分点": "1"},
        "克": {"克": "1", "公斤": "1000", "kg": "1000", "KG": "1000", "吨": "1000000", "t": "1000000"},
        "米": {"米": "1", "m": "1", "公里": "1000", "km": "1000"},
        "平方米": {
            "平方米": "1", "m2": "1", "平方": "1", "公顷": "10000", "平方公里": "1000000", "km2": "1000000",
        },
        "立方米": {"立方米": "1", "m3": "1"},
        "瓦时": {"瓦时": "1", "度": "1000", "kWh": "1000", "kwh": "1000", "KWH": "1000"},
        "瓦": {"瓦": "1", "kW": "1000", "MW": "1000000"},
        "天": {"天": "1", "日": "1"},
        "人": {"人": "1", "人次": "1"},
    }.items()
    for name, factor in names.items()
}  # fmt: skip
del _BASES["人次"], _BASES["平方"]  # close, but not the same thing


@lru_cache(maxsize=4096)
def split_unit(text: str) -> tuple[str, Decimal] | None:
    """(family, factor) of a unit; family "" for a bare magnitude; None for what is not a known unit."""
    folded = "".join(unicodedata.normalize("NFKC", text).split())
    if folded in _BASES:
        return _BASES[folded]
    if folded in _MAGNITUDES:
        return "", _MAGNITUDES[folded]
    for name, factor in _MAGNITUDES.items():
        rest = folded.removeprefix(name)
        if rest != folded:
            if rest in _BASES:
                return _BASES[rest][0], _BASES[rest][1] * factor
            inner = split_unit(rest) if rest else None  # 万千瓦时
            return None if inner is None else (inner[0], inner[1] * factor)
    return None


@lru_cache(maxsize=4096)
def _row_unit(label: str) -> tuple[str, Decimal]:
    """As split_unit, but any label is a unit: 家, 个, 项, 万户, 状态."""
    known = split_unit(label)
    if known is not None and known[0]:
        return known
    folded = "".join(unicodedata.normalize("NFKC", label).split())
    for name, factor in _MAGNITUDES.items():
        rest = folded.removeprefix(name)
        if rest != folded and rest:
            return rest, factor
    return folded, Decimal(1)


def same_family(unit: str, label: str) -> bool:
    """Whether a figure in ``unit`` can be turned into ``label``."""
    return _row_unit(unit)[0] == _row_unit(label)[0]


def convert(number: Decimal, unit: str, label: str) -> Decimal | None:
    """``number`` of ``unit`` in ``label``, exactly; None when they do not measure the same."""
    bare = split_unit(unit)
    row_family, row_factor = _row_unit(label)
    if bare is not None and not bare[0]:
        if row_family in ("%", "百分点", "", "状态"):
            return None
        family, factor = row_family, bare[1]
    else:
        family, factor = _row_unit(unit)
    if family != row_family:
        return None
    if factor == row_factor:
        return number
    return _tidy(number * factor / row_factor)


def _tidy(number: Decimal) -> Decimal:
    """Without trailing zeros and exponents, so that equal figures look equal."""
    return Decimal(format(number.normalize(), "f"))
