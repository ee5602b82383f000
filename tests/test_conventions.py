"""The house keeps its own rules: file length, SQL in files and used, one-way imports, documented commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("config", "warehouse", "checks", "templates", "flows")
SOURCES = sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_is_short_and_says_what_belongs_in_it(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 400
    assert text.startswith('"""'), "a module opens with what belongs in it"


def test_every_query_is_used_and_says_its_purpose() -> None:
    code = "\n".join(p.read_text("utf-8") for p in SOURCES)
    for path in (ROOT / "warehouse/sql/query").glob("*.sql"):
        assert path.read_text("utf-8").startswith("-- "), path.name
        assert re.search(rf'["\']{path.stem}["\']', code), f"{path.name} is used nowhere"


def test_flows_hold_no_sql() -> None:
    for path in (ROOT / "flows").rglob("*.py"):
        assert not re.search(
            r"\b(SELECT|INSERT INTO|UPDATE)\b .* \b(FROM|VALUES|SET)\b", path.read_text("utf-8")
        ), path


def test_rooms_import_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_command_is_documented() -> None:
    from flows.cli import group

    for readme in ("README.md", "README.zh-CN.md"):
        text = (ROOT / readme).read_text("utf-8")
        for name, command in group.commands.items():
            assert command.help, name
            assert f"jibao {name}" in text, f"{readme} does not name jibao {name}"


def test_nobody_imports_smtplib() -> None:
    for path in SOURCES:
        assert not re.search(r"^\s*(import|from) smtplib", path.read_text("utf-8"), re.M), path
