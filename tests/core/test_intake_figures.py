"""Figures as people write them: every spelling with its value, unit and state."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.intake.numbers import chinese_number, parse_figure
from warehouse.intake.reading import CellState
from warehouse.intake.unit_labels import convert

N, B, T, A = CellState.NUMBER, CellState.BLANK, CellState.TEXT, CellState.AMBIGUOUS
W, E, F = CellState.WRONG_UNIT, CellState.ERROR, CellState.FORMULA

# as written, the row's unit, expected value, unit as written, state
SPELLINGS: list[tuple[Any, str, str | None, str, CellState]] = [
    # plain and grouped
    ("1234", "亿元", "1234", "", N), ("1234.5", "亿元", "1234.5", "", N),
    ("1,234.5", "亿元", "1234.5", "", N),
    ("1,234,567", "家", "1234567", "", N), ("1,234,567.89", "亿元", "1234567.89", "", N),
    ("１２３４", "家", "1234", "", N), ("１,２３４．５", "亿元", "1234.5", "", N),
    ("1，234", "家", "1234", "", N),
    ("0", "家", "0", "", N), ("0.0", "亿元", "0", "", N), ("０", "家", "0", "", N),
    ("0.05", "亿元", "0.05", "", N),
    (" 12 ", "家", "12", "", N), ("\u300012\u3000", "家", "12", "", N), ("12\n", "家", "12", "", N),
    ("\ufeff12", "家", "12", "", N), ("12\u200b", "家", "12", "", N), ("\u202d12\u202c", "家", "12", "", N),
    ("+5", "家", "5", "", N), ("-5", "亿元", "-5", "", N), ("－5", "亿元", "-5", "", N),
    ("−5", "亿元", "-5", "", N),
    ("-1,234.5", "亿元", "-1234.5", "", N), ("(1,234)", "亿元", "-1234", "", N),
    ("（5.2）", "亿元", "-5.2", "", N),
    ("负5", "亿元", "-5", "", N), ("负三", "家", "-3", "", N), ("-0", "家", "0", "", N),
    (1234, "亿元", "1234", "", N), (1234.5, "亿元", "1234.5", "", N), (0, "家", "0", "", N),
    (0.0, "家", "0", "", N),
    (0.1 + 0.2, "亿元", "0.3", "", N), (-3.5, "亿元", "-3.5", "", N),
    (1e15, "亿元", "1000000000000000", "", N),
    (9e17, "亿元", "900000000000000000", "", N), (1e18, "亿元", None, "", A), (-1e30, "家", None, "", A),
    (1e300, "元", None, "", A), ("9" * 18, "家", "9" * 18, "", N), ("9" * 19, "家", None, "", A),
    ("999999999999999999亿元", "元", None, "亿元", A),
    (73.0, "%", "73", "", N), (0.73, "%", "0.73", "", N),
    # units that convert
    ("1000亿元", "亿元", "1000", "亿元", N), ("1000 亿元", "亿元", "1000", "亿元", N),
    ("１０００亿元", "亿元", "1000", "亿元", N), ("10000000万元", "亿元", "1000", "万元", N),
    ("1,000亿元", "亿元", "1000", "亿元", N), ("1000亿", "亿元", "1000", "亿", N),
    ("5000万", "亿元", "0.5", "万", N),
    ("100000000000元", "亿元", "1000", "元", N), ("1万亿元", "亿元", "10000", "万亿元", N),
    ("1千亿元", "亿元", "1000", "千亿元", N), ("2百亿元", "亿元", "200", "百亿元", N),
    ("3千万元", "亿元", "0.3", "千万元", N), ("5百万元", "亿元", "0.05", "百万元", N),
    ("7千元", "万元", "0.7", "千元", N),
    ("1亿元", "万元", "10000", "亿元", N), ("1.5亿元", "万元", "15000", "亿元", N),
    ("1万元", "元", "10000", "万元", N),
    ("0.1亿元", "亿元", "0.1", "亿元", N), ("-3亿元", "亿元", "-3", "亿元", N),
    ("(3亿元)", "亿元", "-3", "亿元", N),
    ("1000元人民币", "万元", "0.1", "元人民币", N), ("5亿元人民币", "亿元", "5", "亿元人民币", N),
    ("12家", "家", "12", "家", N), ("12 家", "家", "12", "家", N), ("3万家", "家", "30000", "万家", N),
    ("3万", "家", "30000", "万", N), ("30000人", "万人", "3", "人", N), ("3万人", "人", "30000", "万人", N),
    ("5万户", "户", "50000", "万户", N), ("500户", "万户", "0.05", "户", N), ("10项", "项", "10", "项", N),
    ("2吨", "万吨", "0.0002", "吨", N), ("1万吨", "吨", "10000", "万吨", N),
    ("500公斤", "吨", "0.5", "公斤", N),
    ("3公里", "公里", "3", "公里", N), ("3000米", "公里", "3", "米", N), ("2千米", "公里", "2", "千米", N),
    ("1平方公里", "公顷", "100", "平方公里", N), ("5㎡", "平方米", "5", "m2", N),
    ("100公顷", "平方公里", "1", "公顷", N),
    ("1亿千瓦时", "万千瓦时", "10000", "亿千瓦时", N), ("100度", "千瓦时", "100", "度", N),
    ("5千瓦", "千瓦", "5", "千瓦", N), ("1万千瓦", "千瓦", "10000", "万千瓦", N),
    ("3天", "天", "3", "天", N),
    ("2个百分点", "个百分点", "2", "个百分点", N), ("3个", "个", "3", "个", N),
    # percent
    ("73%", "%", "73", "%", N), ("73％", "%", "73", "%", N), ("７３％", "%", "73", "%", N),
    ("73 %", "%", "73", "%", N),
    ("73%", "％", "73", "%", N), ("0.73%", "%", "0.73", "%", N), ("-1.2%", "%", "-1.2", "%", N),
    ("100%", "%", "100", "%", N), ("120.5%", "%", "120.5", "%", N), ("73", "%", "73", "", N),
    ("(1.5%)", "%", "-1.5", "%", N),
    ("730‰", "%", "73", "‰", N), ("百分之九十", "%", "90", "%", N),
    ("百分之九十五点五", "%", "95.5", "%", N),
    ("百分之百", "%", "100", "%", N), ("百分之90", "%", "90", "%", N), ("百分之七", "%", "7", "%", N),
    # Chinese numerals written out in full
    ("九十", "家", "90", "", N), ("十二", "家", "12", "", N), ("十", "家", "10", "", N),
    ("一百二十", "家", "120", "", N),
    ("一千二百", "家", "1200", "", N), ("两百", "家", "200", "", N), ("三百零五", "家", "305", "", N),
    ("零", "家", "0", "", N),
    ("九百亿元", "亿元", "900", "亿元", N), ("一千亿元", "亿元", "1000", "亿元", N),
    ("三万", "家", "30000", "万", N),
    ("壹佰贰拾", "家", "120", "", N), ("三点五", "亿元", "3.5", "", N), ("二十家", "家", "20", "家", N),
    # missing
    (None, "亿元", None, "", B), ("", "亿元", None, "", B), ("   ", "亿元", None, "", B),
    ("\u3000", "家", None, "", B),
    ("—", "家", None, "", B), ("——", "家", None, "", B), ("-", "家", None, "", B),
    ("－", "家", None, "", B), ("--", "家", None, "", B),
    ("–", "家", None, "", B), ("/", "家", None, "", B), ("／", "家", None, "", B),
    ("无", "家", None, "", B), ("暂无", "家", None, "", B),
    ("N/A", "家", None, "", B), ("n/a", "家", None, "", B), ("NA", "家", None, "", B),
    (" 无 ", "家", None, "", B), ("……", "家", None, "", B),
    ("无数据", "家", None, "", B), ("\\", "家", None, "", B),
    # never guessed
    ("约1000", "亿元", None, "", A), ("约1000亿元", "亿元", None, "", A),
    ("1000左右", "亿元", None, "", A), ("1000-1200", "亿元", None, "", A),
    ("1000－1200", "亿元", None, "", A), ("1000~1200", "亿元", None, "", A),
    ("1000～1200", "亿元", None, "", A), ("1—2", "家", None, "", A),
    ("1000至1200", "亿元", None, "", A), ("1,23", "亿元", None, "", A), ("1,2345", "亿元", None, "", A),
    ("0,123", "亿元", None, "", A),
    ("12,34,567", "亿元", None, "", A), ("1.234.567", "亿元", None, "", A),
    ("1.234,5", "亿元", None, "", A), ("1..5", "亿元", None, "", A),
    ("5.", "亿元", None, "", A), (".5", "亿元", None, "", A), ("007", "家", None, "", A),
    ("≥5", "家", None, "", A), (">5", "家", None, "", A),
    ("＜5", "家", None, "", A), ("±5", "家", None, "", A), ("≈5", "家", None, "", A),
    ("5+", "家", None, "", A), ("5以上", "家", None, "", A),
    ("超过100", "家", None, "", A), ("近百家", "家", None, "", A), ("几十", "家", None, "", A),
    ("100多家", "家", None, "", A), ("100余", "家", None, "", A),
    ("1e3", "家", None, "", A), ("1E+3", "家", None, "", A), ("2019/3", "家", None, "", A),
    ("1/2", "家", None, "", A), ("12:30", "家", None, "", A),
    ("2019-03-01", "家", None, "", A), ("1 234", "家", None, "", A), ("1、2", "家", None, "", A),
    ("②", "家", None, "", A), ("½", "家", None, "", A),
    ("5³", "家", None, "", A), ("Ⅷ", "家", None, "", A), ("3½", "家", None, "", A),
    ("--5", "家", None, "", A), ("-(5)", "家", None, "", A),
    ("△5", "亿元", None, "", A), ("一百五", "家", None, "", A), ("三五", "家", None, "", A),
    ("两三百", "家", None, "", A), ("一二三", "家", None, "", A),
    ("三分之一", "%", None, "", A), ("1万2千", "家", None, "", A), ("3 4", "家", None, "", A),
    ("73%%", "%", None, "", A), ("预计5", "家", None, "", A),
    ("12(其中县5)", "家", None, "", A), ("第3", "家", None, "", A), ("1'234", "家", None, "", A),
    ("共12家", "家", None, "", A), ("5?", "家", None, "", A),
    ("5*", "家", None, "", A), (dt.date(2019, 3, 1), "家", None, "", A),
    (dt.datetime(2019, 3, 1, tzinfo=dt.UTC), "家", None, "", A),
    ("1_000", "家", None, "", A), ("0x10", "家", None, "", A), ("一十百", "家", None, "", A),
    # another unit
    ("1000美元", "亿元", None, "美元", W), ("12人", "家", None, "人", W), ("73%", "亿元", None, "%", W),
    ("5亿元", "%", None, "亿元", W),
    ("5亿元", "家", None, "亿元", W), ("12个", "家", None, "个", W), ("3万", "%", None, "万", W),
    ("2019年", "家", None, "年", W),
    ("5亩", "公顷", None, "亩", W), ("5人次", "人", None, "人次", W),
    ("百分之九十", "亿元", None, "%", W), ("2个百分点", "%", None, "个百分点", W),
    ("5$", "亿元", None, "$", W), ("10欧元", "亿元", None, "欧元", W), ("12吨", "家", None, "吨", W),
    ("10mu", "公顷", None, "mu", W),
    # words, errors, formulas
    ("同上", "家", None, "", T), ("见附件", "家", None, "", T), ("推进中", "亿元", None, "", T),
    ("abc", "家", None, "", T), ("是", "家", None, "", T),
    (True, "家", None, "", T), ("正在统计", "家", None, "", T),
    ("零报告", "亿元", None, "", T), ("一般", "家", None, "", T), ("十二个", "家", None, "个", W), ("{{7*7}}", "家", None, "", A),
    ("<b>", "家", None, "", A),
    ("#DIV/0!", "家", None, "", E), ("#N/A", "家", None, "", E), ("#REF!", "家", None, "", E),
    ("#VALUE!", "家", None, "", E), ("#NAME?", "家", None, "", E),
    (float("nan"), "家", None, "", E), (float("inf"), "家", None, "", E), ("=A1+B1", "家", None, "", F),
    ("=1+1", "家", None, "", F), ("＝1", "家", None, "", F),
]  # fmt: skip


def test_enough_spellings() -> None:
    assert len(SPELLINGS) >= 150
    assert len({(repr(s[0]), s[1]) for s in SPELLINGS}) == len(SPELLINGS)


@pytest.mark.parametrize(("raw", "label", "value", "unit", "state"), SPELLINGS)
def test_spelling(raw: Any, label: str, value: str | None, unit: str, state: CellState) -> None:
    figure = parse_figure(raw, label)
    assert (figure.state, figure.number) == (state, None if value is None else Decimal(value))
    assert figure.unit == unit


@pytest.mark.parametrize(
    ("raw", "label", "value", "state"),
    [
        (0.73, "%", "73", N), (0.7299999999999999, "%", "73", N), (1, "%", "100", N), (1.5, "%", "150", N), (0, "%", "0", N),
        (-0.012, "%", "-1.2", N), (72, "%", None, A), (0.73, "亿元", None, W), (0.005, "%", "0.5", N),
    ],
)  # fmt: skip
def test_percent_formatted_cells(raw: float, label: str, value: str | None, state: CellState) -> None:
    for number_format in ("0%", "0.00%"):
        figure = parse_figure(raw, label, number_format)
        assert (figure.state, figure.number) == (state, None if value is None else Decimal(value))


_DECIMALS = st.decimals(min_value=0, max_value=10**9, places=3, allow_nan=False, allow_infinity=False)


@given(_DECIMALS)
def test_every_way_to_write_one_number_gives_it_back(number: Decimal) -> None:
    wide = str.maketrans("0123456789.,", "０１２３４５６７８９．，")
    for text in (f"{number}", f"{number:,}", f"{number}".translate(wide), f"{number:,}".translate(wide)):
        assert parse_figure(text, "亿元").number == number
        assert parse_figure(text + "亿元", "亿元").number == number
        assert parse_figure(f" {text} 万元", "亿元").number == number / 10000
        assert parse_figure(text + "％", "%").number == number
        assert parse_figure("-" + text, "亿元").number == -number
        assert parse_figure("约" + text, "亿元").state is A
        assert parse_figure(f"{text}-{text}", "亿元").state is A


@given(
    st.one_of(st.none(), st.text(max_size=40), st.floats(), st.integers(), st.booleans()),
    st.sampled_from(["亿元", "%", "家", ""]),
)
def test_never_raises_and_a_number_only_when_it_is_one(raw: Any, label: str) -> None:
    figure = parse_figure(raw, label)
    assert (figure.number is not None) == (figure.state is N)
    if figure.number is not None:
        assert figure.number.is_finite()


@given(st.integers(min_value=0, max_value=10**12), st.sampled_from(["元", "千元", "万元", "百万元", "亿元"]))
def test_conversion_is_exact_both_ways(number: int, unit: str) -> None:
    there = convert(Decimal(number), unit, "亿元")
    assert there is not None and convert(there, "亿元", unit) == number


def test_chinese_numerals_agree_with_a_known_few() -> None:
    known = {
        "一千零一": 1001,
        "一千零一十": 1010,
        "九千九百九十九": 9999,
        "一百一十": 110,
        "二〇一九": None,
        "百十": None,
    }
    for text, number in known.items():
        assert chinese_number(text) == (None if number is None else Decimal(number))
