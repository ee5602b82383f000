"""Rules turned into Great Expectations suites, and one validation of one frame.

Belongs here: everything that knows the engine. Does not: what findings look like (run), the rules.
The engine costs seconds and 260 MB to import, so it is imported where it works and nowhere else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pandas import DataFrame

from checks.engine import engine
from checks.rules import Rule

KEY = "row_no"
# DHIS2's three answers to a missing side of a pair, in the engine's words.
_MISSING = {
    "skip_any": "either_value_is_missing",
    "skip_all": "both_values_are_missing",
    "never": "neither",
}
_RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": [KEY],
    "return_unexpected_index_query": False,
    "partial_unexpected_count": 0,
}
# Threads that shared the engine validated each other's data: one context a validation, one at a time.
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Outcome:
    """One rule over one frame. ``error`` set: the rule could not be evaluated; it is then no pass."""

    rule: str
    rows_checked: int
    failed: tuple[int, ...]  # row_no
    seconds: float
    error: str = ""


def arguments(rule: Rule, thresholds: Any) -> dict[str, Any]:
    """Keyword arguments of the rule's expectation; thresholds are attributes of ``settings.checks``."""
    options: dict[str, Any] = dict(rule.options)
    if rule.within is not None:
        limit = float(getattr(thresholds, rule.within))
        # A threshold is as inclusive as the arithmetic in front of it is exact.
        options |= {"min_value": -limit - 1e-9, "max_value": limit + 1e-9}
    if rule.columns is not None and rule.missing is not None:
        first, second = rule.columns
        return {"column_A": first, "column_B": second, "ignore_row_if": _MISSING[rule.missing], **options}
    return {"column": rule.column, **options}


def validate(
    rules: Sequence[Rule], frame: DataFrame, thresholds: Any, pages: list[str] | None = None
) -> tuple[list[Outcome], str]:
    """Outcomes in the order of ``rules`` and the engine's name and version.

    ``seconds`` shares the validation's time equally among its rules: the engine resolves them together.

    :param pages: takes the engine's own page of this validation (HTML), for an office that asked for Data Docs
    """
    with _LOCK:
        gx = engine()
        from great_expectations.expectations.registry import get_expectation_impl

        version = f"great_expectations {gx.__version__}"
        if frame.empty:  # the engine calls an empty frame a success; nothing was checked
            return [Outcome(rule.rule, 0, (), 0.0) for rule in rules], version
        logging.getLogger("great_expectations").setLevel(logging.WARNING)
        started = time.perf_counter()
        suite = gx.ExpectationSuite(
            name="jibao",
            expectations=[
                get_expectation_impl(rule.expect)(
                    **arguments(rule, thresholds), description=rule.title, meta={"rule": rule.rule}
                )
                for rule in rules
            ],
        )
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        context.enable_analytics(False)
        asset = context.data_sources.add_pandas("batch").add_dataframe_asset("frame")
        # The engine copies whole rows at every step: it gets only what the rules read.
        read = {KEY, *(column for rule in rules for column in rule.reads)}
        narrow = frame[[column for column in frame.columns if column in read]]
        batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": narrow})
        try:
            result = batch.validate(suite, result_format=_RESULT_FORMAT)
        finally:
            # The engine keeps its last context, and with it the whole frame, until the next one replaces it.
            context.data_sources.delete("batch")
            asset = batch = narrow = None
        if pages is not None:
            pages.append(_page(result))
        share = (time.perf_counter() - started) / len(rules)
    by_rule = {item.expectation_config.meta["rule"]: _outcome(item, share) for item in result.results}
    return [by_rule.get(r.rule) or Outcome(r.rule, 0, (), share, "no result") for r in rules], version


def _page(result: Any) -> str:
    """The engine's own rendering of a validation. No cell is quoted: the results were asked for without examples."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    page: str = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(result))
    return page


def _outcome(item: Any, seconds: float) -> Outcome:
    rule: str = item.expectation_config.meta["rule"]
    error = _exception(item.exception_info)
    found: Mapping[str, Any] = item.result or {}
    failed = tuple(sorted(int(entry[KEY]) for entry in found.get("unexpected_index_list") or ()))
    if not error and not item.success and not failed:
        error = "failed without rows"
    if not error and item.success and failed:
        error = "passed with failing rows"
    if error:
        return Outcome(rule, 0, (), seconds, error)
    checked = int(found["element_count"]) - int(found.get("missing_count") or 0)
    return Outcome(rule, checked, failed, seconds)


def _exception(info: Mapping[str, Any] | None) -> str:
    """First exception message; the engine nests them by metric when there are several."""
    if not info:
        return ""
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry.get("raised_exception"):
            return str(entry.get("exception_message") or "exception")
    return ""
