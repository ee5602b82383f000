"""The page in docs is what the rules say today."""

from __future__ import annotations

from pathlib import Path

from checks.rules import load_rules
from checks.rules_page import rules_markdown, rules_rows

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def test_page_is_fresh() -> None:
    assert PAGE.read_text("utf-8") == rules_markdown(), "run: python -m checks.rules_page docs/rules.md"


def test_page_and_sheet_name_every_rule() -> None:
    page = rules_markdown()
    for rule in load_rules():
        assert f"| `{rule.rule}` | {rule.title} |" in page
    assert len(rules_rows()) == len(load_rules()) - 1
    assert all(title and severity and text for title, severity, text in rules_rows())
