"""The declarative rules (``rules.yml``): what each checks, how grave it is, which cell it points at.

Belongs here: reading and validating the rules. Does not: running them (run), wording (messages).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from checks.findings import Severity

Frame = Literal["rows", "files"]


class Rule(BaseModel):
    """One entry of ``rules.yml``; the head of that file explains every field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    frame: Frame
    severity: Severity
    severities: Mapping[str, Severity] = Field(default_factory=dict)
    title: str
    expect: str
    column: str | None = None
    columns: tuple[str, str] | None = None
    options: Mapping[str, Any] = Field(default_factory=dict)
    within: str | None = None
    missing: Literal["skip_any", "skip_all", "never"] | None = None
    cell: str | None = None
    value: str | None = None
    variant: str | None = None
    fold: bool = False
    group: str | None = None

    @model_validator(mode="after")
    def _one_or_two_columns(self) -> Self:
        if (self.column is None) == (self.columns is None):
            raise ValueError(f"{self.rule}: exactly one of column and columns")
        if (self.columns is None) != (self.missing is None):
            raise ValueError(f"{self.rule}: a pair rule states what a missing side means, others do not")
        return self

    def severity_of(self, variant: str) -> Severity:
        return self.severities.get(variant, self.severity)

    @property
    def reads(self) -> tuple[str, ...]:
        """Frame columns that the expectation looks at."""
        return self.columns or (self.column or "",)


@cache
def load_rules() -> tuple[Rule, ...]:
    """All rules in the order in which they are told.

    :raises ValueError: a malformed entry or a name used twice
    """
    rules = tuple(Rule.model_validate(entry) for entry in yaml.safe_load(_text())["rules"])
    names = [rule.rule for rule in rules]
    if len(set(names)) != len(names):
        raise ValueError("rules.yml: a rule is defined twice")
    return rules


@cache
def rules_hash() -> str:
    """Version of the rules: changes whenever ``rules.yml`` does (then ``jibao recheck`` is due)."""
    return hashlib.sha256(_text().encode()).hexdigest()[:16]


def rules_version(thresholds: Any) -> str:
    """Version of rules and thresholds together, recorded with every check run.

    :param thresholds: ``settings.checks``
    """
    values = json.dumps(thresholds.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(f"{rules_hash()}\n{values}".encode()).hexdigest()[:16]


def _text() -> str:
    return files("checks").joinpath("rules.yml").read_text("utf-8")
