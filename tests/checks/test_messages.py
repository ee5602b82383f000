"""Placeholders are filled plainly (no nan, no live braces, no control characters); runs are folded."""

from __future__ import annotations

import re
from typing import Any

import pytest

from checks import messages
from checks.findings import Finding
from checks.folding import Failure, fold
from checks.rules import load_rules
from config.language import language

RULES = {rule.rule: rule for rule in load_rules()}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234.5, "1234.5"), (73.0, "73"), (1 / 3, "0.3333"), (-0.00001, "-0.00001"), (0.00001234, "0.0000123"), (1.00005, "1.0001"),
        (0.00125, "0.00125"), (2.67545, "2.6755"),
        (1e-15, "0"), (-1e-15, "0"), (0.0, "0"), (1e22, "1" + "0" * 22), (1e12, "1000000000000"),
        (float("nan"), "（空）"), (None, "（空）"), ("", "（空）"), ("{{7*7}}", "{{7*7}}"), ("{name}", "{name}"),
        ("a\u202eb\x00\nc", "ab c"), ("字" * 50, "字" * 40 + "…"),
    ],
)  # fmt: skip
def test_values_are_shown_plainly(value: Any, shown: str) -> None:
    assert messages.fill("<{v}>", {"v": value}) == f"<{shown}>"


def test_a_share_is_rounded_half_up() -> None:
    assert messages.fill("{v:+.1f}|{v:abs.1f}|{v:.2f}", {"v": -26.25}) == "-26.3|26.3|-26.25"
    assert messages.fill("{v:+.1f}", {"v": 1.15}) == "+1.2"


@pytest.mark.parametrize("gap", [-32.61, 32.61])
def test_a_difference_carries_no_sign(gap: float) -> None:
    """The sentence gives both numbers; 相差-32.61 would be no Chinese (and "a difference of -32.61" no English)."""
    for say in (language("zh"), language("en")):
        ratio = messages.fill(messages.template("ratio_differs", "", say), {"ratio_gap_pp": gap}, say)
        city = messages.fill(messages.template("city_differs", "", say), {"city_gap_pct": gap}, say)
        assert "32.61" in ratio and "32.6%" in city
        assert not re.search(r"[-+−]\s*\d", ratio + city)
    for rule, text in messages.catalogue().items():
        for field in re.findall(r"相?差(?:了|为)?\{([^}]*)\}", text):
            assert ":abs" in field, rule


def test_only_plain_names_are_looked_up() -> None:
    with pytest.raises(KeyError):
        messages.fill("{v.__class__}", {"v": 1})
    with pytest.raises(KeyError):
        messages.fill("{v[0]}", {"v": "x"})


def test_variant_falls_back_to_the_rule() -> None:
    assert messages.template("layout", "something_new") == messages.template("layout")
    assert "something_new" in messages.fill(
        messages.template("layout", "something_new"), {"shown": "", "problem_code": "something_new"}
    )
    assert "密码" in messages.held_message("encrypted")
    with pytest.raises(KeyError):
        messages.template("no_such_rule")


def test_names_are_listed_to_a_limit() -> None:
    assert messages.listed(["甲", "乙", "甲"]) == "甲、乙"
    assert messages.listed([str(n) for n in range(12)]) == "0、1、2、3、4、5、6、7等12项"


@pytest.mark.parametrize(
    ("exponent", "said"),
    [(4.1, "偏大约1万倍"), (-3.9, "偏小约1万倍"), (8.0, "偏大约10的8次方倍"), (None, "")],
)
def test_shift_is_named(exponent: float | None, said: str) -> None:
    assert messages.shift_times(exponent) == said


def failure(rule: str, number: int, /, **record: Any) -> Failure:
    base: dict[str, Any] = {"submission_id": "s", "unit": "U", "period": "2019-Q3", "sheet": "填报表"}
    base |= {"row": number, "item": f"I-{number}", "name": f"指标{number}", "value_cell": f"H{number}"}
    base |= {"value_kind": "text", "value_text": "若干", "expected_unit_label": "亿元"}
    return Failure(RULES[rule], base | record)


def folded(failures: list[Failure]) -> list[Finding]:
    return list(fold(failures))


def test_forty_wrong_cells_are_one_finding() -> None:
    (found,) = folded([failure("value_unreadable", row) for row in range(5, 41)])
    assert (found.cell, len(found.items), found.rows[0], found.rows[-1]) == ("H5:H40", 36, 5, 40)
    assert found.message.startswith("H5:H40共36格是同一问题，以H5为例：本期值是文字“若干”")
    assert found.indicator is None and found.items[:2] == ("I-5", "I-6")


def test_a_gap_another_fault_or_another_file_starts_a_new_run() -> None:
    rows = [5, 6, 7, 9, 10, 11]
    assert [f.cell for f in folded([failure("value_unreadable", r) for r in rows])] == ["H5:H7", "H9:H11"]
    kinds = ["text", "text", "error", "text"]
    found = folded([failure("value_unreadable", 5 + n, value_kind=k) for n, k in enumerate(kinds)])
    assert sorted(f.cell for f in found) == ["H5", "H6", "H7", "H8"]
    files = folded([failure("value_unreadable", r, submission_id=s) for s in "ab" for r in (5, 6, 7)])
    assert [(f.submission_id, f.cell) for f in files] == [("a", "H5:H7"), ("b", "H5:H7")]


def test_two_neighbours_and_figures_of_their_own_stay_apart() -> None:
    assert [f.cell for f in folded([failure("value_unreadable", r) for r in (5, 6)])] == ["H5", "H6"]
    jumps = [
        failure("jump_year", r, value=1.0, last_year_value=2.0, growth_year_pct=-50.0) for r in range(5, 9)
    ]
    assert len(folded(jumps)) == 4


def test_rows_left_out_are_one_finding_without_a_cell() -> None:
    (found,) = folded(
        [failure("row_absent", 0, row=None, item=f"I-{n}", name=f"指标{n}", absence="row") for n in range(2)]
    )
    assert (found.cell, found.items, found.rows) == ("", ("I-0", "I-1"), ())
    assert "指标0、指标1" in found.message
