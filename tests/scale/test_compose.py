"""compose.yaml: what it starts exists, and nothing secret is written in it. Containers themselves are not run here."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from flows.cli import group
from warehouse.lake.address import parse_warehouse

ROOT = Path(__file__).parents[2]


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    return found


def test_the_scale_profile_starts_programs_that_exist() -> None:
    scale = {name: s for name, s in services().items() if "scale" in s.get("profiles", ())}
    assert {
        "postgres",
        "redis",
        "prefect-server",
        "prefect-services",
        "deploy",
        "office-work",
        "slices",
    } <= set(scale)
    for name, service in scale.items():
        words = service.get("command", [])
        if words[:1] == ["jibao"]:
            command: Any = group
            for word in words[1:]:
                command = command.commands[word]
        for other in service.get("depends_on", {}):
            assert other in scale, name
    pools = {w for s in scale.values() for w in s.get("command", []) if str(w).startswith("jibao")}
    from flows.scale import deployed

    assert pools == {deployed.POOL, deployed.SLICE_POOL}


def test_messaging_names_modules_of_the_scale_extra() -> None:
    environment = services()["prefect-server"]["environment"]
    named = [v for v in environment.values() if str(v).startswith("prefect_redis.")]
    assert len(named) == 4
    assert all(find_spec(v) for v in named)


def test_the_setting_is_read_and_secrets_are_files() -> None:
    setting = services()["slices"]["environment"]["JIBAO_WAREHOUSE"]
    lake = parse_warehouse(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", setting), Path("/x"))
    assert lake is not None
    assert lake.data_path == "/srv/jibao/lake/"
    text = (ROOT / "compose.yaml").read_text("utf-8")
    assert not re.search(r"(?i)\b\w*password\w*:\s*[^\s{/]", text.replace("PASSWORD_FILE", "FILE"))
    assert not re.search(r"(?i)password=|://\w+:\w+@", text)
