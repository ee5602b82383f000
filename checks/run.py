"""Judges one batch: frames in, findings out. Fails closed: what could not be checked is never a pass.

Belongs here: turning failed rows into findings, folding them by cause. Does not: the engine (suites),
the store, deciding what becomes of a submission (flows).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checks import suites
from checks.findings import Finding, RuleRun, Severity
from checks.folding import Failure, fold
from checks.messages import is_missing
from checks.rules import Frame, Rule, load_rules, rules_version
from config.language import CHINESE, Language

if TYPE_CHECKING:
    from pandas import DataFrame

    from config.register import Config

_LADDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True)
class Judgement:
    """What the checks say about one batch.

    ``not_checked``: at least one rule could not be evaluated; nothing of the batch may be published as
    checked, whatever ``findings`` holds. ``errors``: what went wrong inside, for the operator's log.
    ``pages``: the engine's own page (HTML) of each frame, when the office asked for Data Docs.
    """

    findings: list[Finding]
    rules: list[RuleRun]
    not_checked: bool
    errors: tuple[str, ...] = ()
    pages: Mapping[Frame, str] = field(default_factory=dict)

    def rejected(self) -> set[tuple[str, str, int]]:
        """(submission_id, sheet, row) of every row with an error: these do not count, the others do."""
        return {
            (f.submission_id, f.sheet, row)
            for f in self.findings
            if f.severity is Severity.ERROR
            for row in f.rows
        }

    def refused(self) -> set[str]:
        """submission_id of every file with an error about the file as a whole: none of it counts."""
        return {f.submission_id for f in self.findings if f.severity is Severity.ERROR and not f.items}


def judge(
    rows: DataFrame,
    files: DataFrame,
    config: Config,
    rules: Sequence[Rule] | None = None,
    say: Language = CHINESE,
) -> Judgement:
    """Applies all rules to the frames of :func:`warehouse.checking.prepare`.

    :param rules: other rules than the packaged ones (tests, a preview of a change)
    :param say: the language of the findings' messages
    """
    chosen = load_rules() if rules is None else tuple(rules)
    thresholds = config.settings.checks
    failures: list[Failure] = []
    runs: list[RuleRun] = []
    errors: list[str] = []
    pages: dict[Frame, str] = {}
    version = rules_version(thresholds)
    frames: tuple[tuple[Frame, DataFrame], ...] = (("files", files), ("rows", rows))
    for name, frame in frames:
        mine = [rule for rule in chosen if rule.frame == name]
        rendered: list[str] | None = [] if thresholds.data_docs else None
        outcomes, engine = _validate(mine, frame, thresholds, rendered)
        if rendered:
            pages[name] = rendered[0]
        errors += [f"{o.rule}: {o.error}" for o in outcomes if o.error]
        engine = f"{engine} rules {version}"
        runs += [
            RuleRun(o.rule, o.rows_checked, len(o.failed), o.seconds, _state(o), engine) for o in outcomes
        ]
        failures += _failures(mine, outcomes, frame, say)
    order = {rule.rule: place for place, rule in enumerate(chosen)}
    findings = sorted(fold(_one_per_group(failures)), key=lambda f: _place(f, order))
    return Judgement(findings, runs, bool(errors), tuple(errors), pages)


def _validate(
    rules: Sequence[Rule], frame: DataFrame, thresholds: Any, pages: list[str] | None
) -> tuple[list[suites.Outcome], str]:
    if not rules:
        return [], ""
    try:
        return suites.validate(rules, frame, thresholds, pages)
    except Exception as error:  # whatever the engine throws, the batch is unchecked, not passed
        reason = f"{type(error).__name__}: {error}"
        return [suites.Outcome(rule.rule, 0, (), 0.0, reason) for rule in rules], "great_expectations"


def _state(outcome: suites.Outcome) -> str:
    if outcome.error:
        return "not_checked"
    return "checked" if outcome.rows_checked else "no_rows"


def _failures(
    rules: Sequence[Rule], outcomes: Iterable[suites.Outcome], frame: DataFrame, say: Language
) -> Iterable[Failure]:
    by_name = {rule.rule: rule for rule in rules}
    failed = {number for outcome in outcomes for number in outcome.failed}
    if not failed:
        return
    picked = frame[frame[suites.KEY].isin(failed)]
    records: dict[int, Mapping[str, Any]] = {
        int(record[suites.KEY]): {k: None if is_missing(v) else v for k, v in record.items()}
        for record in picked.to_dict("records")
    }
    for outcome in outcomes:
        rule = by_name[outcome.rule]
        for number in outcome.failed:
            yield Failure(rule, records[number], say)


def _one_per_group(failures: Sequence[Failure]) -> Iterable[Failure]:
    """A jump is also an outlier: of one group only the first rule asks about a cell."""
    told: set[tuple[str, str, str, str]] = set()
    for failure in failures:
        if failure.rule.group is not None:
            key = (failure.submission_id, failure.sheet, failure.cell, failure.rule.group)
            if key in told:
                continue
            told.add(key)
        yield failure


def _place(finding: Finding, order: Mapping[str, int]) -> tuple[Any, ...]:
    row = finding.rows[0] if finding.rows else 0
    return (
        finding.submission_id,
        _LADDER[finding.severity],
        finding.sheet,
        row,
        order[finding.rule],
        finding.cell,
    )
