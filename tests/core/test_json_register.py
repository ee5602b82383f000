"""A register written as JSON is read as such, and told the same mistakes as YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import yamlfile
from config.yamlfile import ConfigError


@pytest.mark.parametrize(
    "text", ['{"a": [1, 2.5, "x", null, true], "b": {"c": "2019-10-01"}}', '\n {"a": 1,\n "b": [] }\n']
)
def test_json_gives_what_yaml_gives(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.yml").write_text(text, "utf-8")
    document = yamlfile.read([tmp_path], "plan.yml")
    (tmp_path / "units.yml").write_text(f"# YAML\n{text}", "utf-8")
    assert document.data == yamlfile.read([tmp_path], "units.yml").data
    assert document.line(("b",)) == text[: text.index('"b"')].count("\n") + 1


@pytest.mark.parametrize(
    ("text", "told"),
    [('{"a": 1,\n "a": 2}', "plan.yml:2: YAML 写法有误（“a”写了两次）"), ('{"a": 1', "plan.yml:")],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "plan.yml").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as error:
        yamlfile.read([tmp_path], "plan.yml")
    assert told in str(error.value)


def test_yaml_in_flow_style_is_still_yaml(tmp_path: Path) -> None:
    (tmp_path / "plan.yml").write_text("{a: 1, b: yes}", "utf-8")
    assert yamlfile.read([tmp_path], "plan.yml").data == {"a": 1, "b": True}
