"""What cannot be evaluated is never a pass; what a missing side means is the rule's own choice."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pandas as pd
import pytest
from batches import CONFIG

from checks import suites
from checks.findings import Severity
from checks.rules import Rule, load_rules, rules_hash, rules_version
from checks.run import judge


def frame(**columns: list[Any]) -> pd.DataFrame:
    length = len(next(iter(columns.values())))
    base = {
        "row_no": range(1, length + 1),
        "submission_id": ["s"] * length,
        "unit": ["U"] * length,
        "period": ["2019-Q3"] * length,
        "sheet": ["填报表"] * length,
        "row": range(5, 5 + length),
        "item": [f"I-{n}" for n in range(length)],
        "name": ["指标"] * length,
        "value_cell": [f"G{n}" for n in range(5, 5 + length)],
    }
    return pd.DataFrame(base | columns)


def rule(name: str = "percent_range", **fields: Any) -> Rule:
    given = {"frame": "rows", "severity": "error", "title": "测试", "cell": "value"}
    if "columns" not in fields:
        given |= {
            "column": "a",
            "expect": "expect_column_values_to_be_between",
            "options": {"max_value": 100},
        }
    return Rule.model_validate({"rule": name, **given, **fields})


NOTHING = pd.DataFrame({"row_no": []})


def test_rows_pass_and_fail() -> None:
    found = judge(frame(a=[1.0, 101.0, None]), NOTHING, CONFIG, [rule()])
    assert [(f.rule, f.cell, f.severity) for f in found.findings] == [("percent_range", "G6", Severity.ERROR)]
    assert [(r.rows_checked, r.rows_failed, r.state) for r in found.rules] == [(2, 1, "checked")]
    assert not found.not_checked


@pytest.mark.parametrize(
    "broken",
    [rule(column="no_such_column"), rule(column="sheet")],
    ids=["missing column", "text column"],
)
def test_an_exception_in_one_rule_is_not_checked_and_the_others_still_tell(broken: Rule) -> None:
    other = rule("above_limit")
    found = judge(frame(a=[101.0], upper_limit=[100.0]), NOTHING, CONFIG, [broken, other])
    assert found.not_checked
    assert found.errors and found.errors[0].startswith("percent_range: ")
    assert [r.state for r in found.rules] == ["not_checked", "checked"]
    assert [f.rule for f in found.findings] == ["above_limit"]
    again = judge(frame(a=[101.0], upper_limit=[100.0]), NOTHING, CONFIG, [other])
    assert not again.not_checked


def test_a_suite_that_cannot_be_built_leaves_nothing_checked() -> None:
    found = judge(
        frame(a=[101.0]), NOTHING, CONFIG, [rule(options={"max_value": "words"}), rule("above_limit")]
    )
    assert found.not_checked and {r.state for r in found.rules} == {"not_checked"}


def test_an_exception_of_the_engine_leaves_nothing_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    import great_expectations as gx

    def explode(**_: Any) -> None:
        raise OSError("engine gone")

    monkeypatch.setattr(gx, "get_context", explode)
    found = judge(frame(a=[1.0]), NOTHING, CONFIG, [rule()])
    assert found.not_checked and not found.findings
    assert found.errors == ("percent_range: OSError: engine gone",)
    assert [r.state for r in found.rules] == ["not_checked"]


def test_a_failure_without_rows_is_no_pass() -> None:
    table = rule(expect="expect_table_row_count_to_equal", options={"value": 7})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suites, "arguments", lambda rule, thresholds: dict(rule.options))
        found = judge(frame(a=[1.0]), NOTHING, CONFIG, [table])
    assert found.not_checked and found.errors == ("percent_range: failed without rows",)


def test_a_rule_without_rows_is_no_pass() -> None:
    found = judge(frame(a=[None]).astype({"a": float}), NOTHING, CONFIG, [rule()])
    assert [(r.rows_checked, r.state) for r in found.rules] == [(0, "no_rows")]
    nothing = judge(NOTHING, NOTHING, CONFIG)
    assert {r.state for r in nothing.rules} == {"no_rows"} and len(nothing.rules) == len(load_rules())


# DHIS2's semantics: (a, b) of a >= b, and whether the rule complains.
SIDES = [(2.0, 1.0), (1.0, 2.0), (None, 1.0), (1.0, None), (None, None)]


@pytest.mark.parametrize(
    ("missing", "complains", "checked"),
    [
        ("skip_any", [False, True, False, False, False], 2),
        ("skip_all", [False, True, True, True, False], 4),
        ("never", [False, True, True, True, True], 5),
    ],
)
def test_missing_sides_of_a_pair(missing: str, complains: list[bool], checked: int) -> None:
    pair = rule(
        expect="expect_column_pair_values_a_to_be_greater_than_b",
        columns=("a", "b"),
        options={"or_equal": True},
        missing=missing,
    )
    rows = frame(a=[a for a, _ in SIDES], b=[b for _, b in SIDES])
    found = judge(rows, NOTHING, CONFIG, [pair])
    assert not found.not_checked, found.errors
    assert [5 + n for n, bad in enumerate(complains) if bad] == [f.rows[0] for f in found.findings]
    assert found.rules[0].rows_checked == checked


def test_thresholds_come_from_settings() -> None:
    jump = rule("jump_year", column="growth_year_pct", within="jump_pct", options={})
    rows = frame(growth_year_pct=[-51.0, -50.0, 50.0, 51.0])
    assert [f.rows for f in judge(rows, NOTHING, CONFIG, [jump]).findings] == [(5,), (8,)]


def test_threads_do_not_mix_their_data() -> None:
    results: dict[int, list[int]] = {}

    def work(wrong: int) -> None:
        values = [101.0 if n == wrong else 1.0 for n in range(6)]
        found = judge(frame(a=values), NOTHING, CONFIG, [rule()])
        results[wrong] = [f.rows[0] - 5 for f in found.findings]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: [n] for n in range(6)}


def test_malformed_rules_are_refused() -> None:
    with pytest.raises(ValueError, match="exactly one of"):
        rule(columns=("a", "b"), column="a", expect="x", missing="never")
    with pytest.raises(ValueError, match="missing side"):
        rule(columns=("a", "b"), expect="x")
    assert len(rules_hash()) == 16


def test_the_engine_lets_go_of_the_frame() -> None:
    rows = frame(a=[1.0])
    alive = weakref.ref(rows)
    judge(rows, NOTHING, CONFIG, [rule()])
    del rows
    gc.collect()
    assert alive() is None


def test_each_run_names_engine_rules_and_thresholds() -> None:
    version = rules_version(CONFIG.settings.checks)
    found = judge(frame(a=[1.0]), NOTHING, CONFIG, [rule()])
    assert found.rules[0].engine.endswith(f" rules {version}")
    assert version != rules_version(CONFIG.settings.checks.model_copy(update={"jump_pct": 60}))
