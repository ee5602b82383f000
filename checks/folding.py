"""Failures folded by root cause: one wrong column is one finding with a range, not forty.

Belongs here: naming cells, joining runs, filling messages. Does not: what is wrong (rules).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checks import messages
from checks.findings import Finding, Severity
from checks.rules import Rule
from config.language import CHINESE, N_, Language

FOLD_FROM = 3  # two neighbours may be two slips; three in a run are one cause
_A1 = re.compile(r"\A([A-Z]{1,3})([0-9]{1,7})\Z")
# Where a file-wide fault points: the claim's or the problem's own cell.
_FILE_CELLS = ("unit", "period", "problem")
# Columns that hold words of ours (states, a sheet's name), not the clerk's.
_WORDS = ("state", "previous_state", "sheet", "unit_name")
_FILLED = {
    "value": N_("本期值“{value_text}”"), "numerator": N_("分子“{numerator_text}”"),
    "denominator": N_("分母“{denominator_text}”"),
}  # fmt: skip
_ROWS_FOUND = re.compile(r"(.*)，实有([0-9]+)行\Z", re.S)


@dataclass(frozen=True)
class Failure:
    """One failed row of one rule; ``record`` is the frame's row, missing values as None."""

    rule: Rule
    record: Mapping[str, Any]
    say: Language = CHINESE

    @property
    def submission_id(self) -> str:
        return str(self.record["submission_id"])

    @cached_property
    def variant(self) -> str:
        return str(self.record.get(self.rule.variant) or "") if self.rule.variant else ""

    @property
    def severity(self) -> Severity:
        return self.rule.severity_of(self.variant)

    @cached_property
    def sheet(self) -> str:
        if self.rule.frame == "files":
            return (
                str(self.record.get(f"{self.rule.cell}_sheet") or "") if self.rule.cell in _FILE_CELLS else ""
            )
        return str(self.record.get("sheet") or "")

    @cached_property
    def cell(self) -> str:
        if self.rule.cell is None:
            return ""
        found = self.record.get(f"{self.rule.cell}_cell")
        return str(found or (self.record.get("item_cell") if self.rule.frame == "rows" else "") or "")

    @property
    def row(self) -> int | None:
        found = self.record.get("row")
        return None if found is None else int(found)

    @property
    def item(self) -> str | None:
        found = self.record.get("item")
        return None if found is None else str(found)

    @property
    def value(self) -> str:
        found = self.record.get(self.rule.value) if self.rule.value else None
        return "" if found is None else _in_words(self.say, str(found))

    @property
    def name(self) -> str:
        return str(self.record.get("name") or self.item or "")

    def message(self, names: Sequence[str]) -> str:
        values = {
            **self.record,
            **{k: self.say(str(v)) for k, v in self.record.items() if k in _WORDS and v is not None},
            "shown": self.value,
            "names": messages.listed(names, self.say),
            "name": self.name,
            "shift_times": messages.shift_times(self.record.get("shift_exponent"), self.say),
        }
        text = messages.template(self.rule.rule, self.variant, self.say)
        if self.record.get("expected_unit_label") is None:  # an action has no 计量单位; say nothing about it
            text = text.replace("{expected_unit_label}", "")
        text = text.replace("{filled}", self.say.listed([self.say(shown) for shown in self._filled()]))
        return messages.fill(text, values, self.say)

    def _filled(self) -> list[str]:
        """What stands beside a nil return: figures other than 0, and words where the figure belongs."""
        figures = [f for f in _FILLED if self.record.get(f)]
        words = self.record.get("value") is None and str(self.record.get("value_text") or "").strip()
        return [_FILLED[f] for f in (["value", *figures] if words else figures)]


def fold(failures: Iterable[Failure]) -> Iterator[Finding]:
    """Findings, runs of one fault down one column joined where the rule says so."""
    columns: dict[tuple[str, str, str, str, str], list[Failure]] = defaultdict(list)
    for failure in failures:
        if not failure.rule.fold:
            yield _finding([failure])
            continue
        match = _A1.match(failure.cell)
        column = match[1] if match else ""
        columns[failure.submission_id, failure.rule.rule, failure.variant, failure.sheet, column].append(
            failure
        )
    for (*_, column), members in columns.items():
        for run in _runs(members) if column else [members]:
            # What has no cell (a row left out) has no place to point at: always one finding.
            if not column or len(run) >= FOLD_FROM:
                yield _finding(run)
            else:
                yield from (_finding([member]) for member in run)


def _in_words(say: Language, value: str) -> str:
    """A column's name, a state or what intake says of a sheet, in the language of the office."""
    counted = _ROWS_FOUND.match(value)
    if counted and not say.is_chinese:
        return say("%(stated)s，实有%(n)s行", stated=say(counted[1]), n=counted[2])
    return say(value)


def _runs(members: Sequence[Failure]) -> Iterator[list[Failure]]:
    run: list[Failure] = []
    for member in sorted(members, key=_cell_row):
        if run and _cell_row(member) != _cell_row(run[-1]) + 1:
            yield run
            run = []
        run.append(member)
    if run:
        yield run


def _cell_row(failure: Failure) -> int:
    match = _A1.match(failure.cell)
    return int(match[2]) if match else 0


def _finding(run: Sequence[Failure]) -> Finding:
    first = run[0]
    record = first.record
    items = tuple(dict.fromkeys(f.item for f in run if f.item is not None))
    cell = first.cell if len(run) == 1 or not first.cell else f"{first.cell}:{run[-1].cell}"
    message = first.message([f.name for f in run])
    if len(run) > 1 and first.cell and "{names}" not in messages.template(first.rule.rule, first.variant):
        message = first.say(
            "%(range)s共%(n)s格是同一问题，以%(cell)s为例：%(message)s",
            range=cell, n=len(run), cell=first.cell, message=message,
        )  # fmt: skip
    period = record.get("period")
    return Finding(
        submission_id=first.submission_id,
        unit=str(record.get("unit") or ""),
        period=None if period is None else str(period),
        severity=first.severity,
        rule=first.rule.rule,
        sheet=first.sheet,
        cell=cell,
        indicator=items[0] if len(items) == 1 else None,
        value=first.value,
        message=message,
        items=items,
        rows=tuple(f.row for f in run if f.row is not None),
        cells=tuple(f.cell for f in run if f.cell),
    )
