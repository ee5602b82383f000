"""What an operator copies to a machine: units that hold together and are sandboxed, an image and a service on loopback."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
MOST_EXPOSED = 2.0  # systemd's own scale: 10 is bare, below 2 is well sandboxed


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda p: p.name)
def test_units_hold_together_and_are_sandboxed(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text("utf-8").replace("/opt/jibao/.venv/bin/jibao", "/bin/true")  # not installed here
    copy = tmp_path / unit.name
    copy.write_text(text, "utf-8")
    checked = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False
    )
    mine = [line for line in checked.stderr.splitlines() if unit.name in line and "Unknown" in line]
    assert mine == []
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"exposure level for \S+: ([0-9.]+)", told.stdout)
    if found is None:
        pytest.skip("this systemd cannot judge a unit offline")
    assert float(found[1]) < MOST_EXPOSED


def test_units_start_commands_that_exist() -> None:
    from flows.cli import group

    for unit in UNITS:
        for line in unit.read_text("utf-8").splitlines():
            if line.startswith("ExecStart"):
                words = line.partition("=")[2].split()
                assert words[1] in group.commands, line
                assert not re.search(r"(?i)password|secret", line), "nothing secret on a command line"


def test_the_office_service_listens_on_loopback_without_rights() -> None:
    office = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]["office"]
    assert all(str(port).startswith("127.0.0.1:") for port in office["ports"])
    assert office["read_only"] is True and office["cap_drop"] == ["ALL"]
    image = (ROOT / "Dockerfile").read_text("utf-8")
    assert re.search(r"^USER jibao$", image, re.M) and "--frozen" in image
    for room in ("config", "warehouse", "checks", "templates", "flows"):
        assert f"COPY {room} ./{room}" in image
