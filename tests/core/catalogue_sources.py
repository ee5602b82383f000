"""Every sentence of the program that people see in their language. ``python tests/core/catalogue_sources.py`` lists
what the English catalogue lacks and what nobody says any more; ``make catalogue`` calls it."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

ROOT = Path(__file__).parents[2]
ROOMS = ("config", "warehouse", "checks", "templates", "flows")
PO = ROOT / "config/locale/en/LC_MESSAGES/jibao.po"
# say("..."), _("...") and N_("...") mark a sentence; the Word template's make-up gives it as second argument.
PYTHON = {"say": None, "_": None, "N_": None, "_heading": (2,), "_text": (2,), "_line": (2,)}
CJK = range(0x3000, 0xA000)


def is_chinese(text: str) -> bool:
    """Whether any ideograph or Chinese punctuation mark stands in it."""
    return any(ord(c) in CJK or 0xFF01 <= ord(c) <= 0xFF65 for c in text)


def sentences() -> dict[str, list[str]]:
    """msgid -> files that say it."""
    from templates.typeset import spoken

    found: dict[str, list[str]] = {}

    def note(text: str, file: Path) -> None:
        if is_chinese(text):
            found.setdefault(text, []).append(str(file.relative_to(ROOT)))

    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*")):
            if file.suffix == ".py":
                for _, said, _, _ in extract("python", BytesIO(file.read_bytes()), PYTHON):
                    note(said if isinstance(said, str) else said[0], file)
            elif file.suffix == ".j2":
                for _, _, said, _ in babel_extract(
                    BytesIO(file.read_bytes()), ("_", "gettext"), [], {"trimmed": "true"}
                ):
                    note(said if isinstance(said, str) else said[0], file)
            elif file.suffix == ".typ":
                for said in spoken(file.read_text("utf-8")):
                    note(said, file)
    for said in yaml.safe_load((ROOT / "checks/messages.yml").read_text("utf-8")).values():
        note(said, ROOT / "checks/messages.yml")
    for rule in yaml.safe_load((ROOT / "checks/rules.yml").read_text("utf-8"))["rules"]:
        note(rule["title"], ROOT / "checks/rules.yml")
    return found


def catalogue() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="en", domain="jibao")


if __name__ == "__main__":
    said, english = sentences(), {str(m.id) for m in catalogue() if m.id and m.string}
    for text, files in said.items():
        if text not in english:
            sys.stdout.write(f"lacking: {text!r} ({', '.join(sorted(set(files)))})\n")
    for text in sorted(english - set(said)):
        sys.stdout.write(f"obsolete: {text!r}\n")
