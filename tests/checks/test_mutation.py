"""Every rule is pinned: take any one of them away and the cases that break it no longer hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from batches import CONFIG, PERIOD, observe
from pandas import DataFrame
from test_rules import CASES

from checks import suites
from checks.rules import Rule, load_rules
from checks.run import Judgement, judge
from warehouse.checking import prepare
from warehouse.store import Store

Told = set[tuple[str, str, str]]
EXPECTED: Told = {(upload.name, rule, cell) for upload, found in CASES for rule, cell in found}


@pytest.fixture(scope="module")
def frames(store: Store) -> Iterator[tuple[DataFrame, DataFrame]]:
    """The cases' frames; each rule is validated once, alone, and the engine's answer kept for every judgement."""
    observe(store, "FGJ", "I-08", PERIOD, 5)
    uploads = [upload for upload, _ in CASES]
    made = prepare(
        store,
        [u.submission() for u in uploads],
        [u.as_reading() for u in uploads],
        period=PERIOD,
        template_version="1",
    )
    real, kept = suites.validate, {}

    def once(
        rules: Sequence[Rule], frame: DataFrame, thresholds: Any, pages: list[str] | None = None
    ) -> tuple[list[suites.Outcome], str]:
        for rule in rules:
            if rule.rule not in kept:
                (kept[rule.rule],), _ = real([rule], frame, thresholds)
        return [kept[rule.rule] for rule in rules], "cached"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suites, "validate", once)
        yield made


def told(judgement: Judgement) -> Told:
    assert not judgement.not_checked, judgement.errors
    return {(f.submission_id, f.rule, f.cell) for f in judgement.findings}


def test_all_rules_together_tell_what_the_cases_expect(frames: tuple[DataFrame, DataFrame]) -> None:
    assert told(judge(*frames, CONFIG)) == EXPECTED


@pytest.mark.parametrize("gone", [rule.rule for rule in load_rules()])
def test_without_one_rule_its_cases_fail(frames: tuple[DataFrame, DataFrame], gone: str) -> None:
    pinned = {finding for finding in EXPECTED if finding[1] == gone}
    assert pinned
    found = told(judge(*frames, CONFIG, [rule for rule in load_rules() if rule.rule != gone]))
    assert not pinned & found
    # What other rules say stays; only a rule that stood behind it in its group may speak up instead.
    assert EXPECTED - pinned <= found
    groups = {rule.rule: rule.group for rule in load_rules()}
    assert all(groups[rule] == groups[gone] is not None for _, rule, _ in found - EXPECTED)
