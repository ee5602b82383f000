"""No network at all but mail and Prefect: the whole demo where only loopback exists, and where anything else would be told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Fails on every connection to, and every name looked up of, anything but this machine.
_WATCHED = """
import sys
told = []
def watch(event, args):
    if event == "socket.connect":
        address = args[1]
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1"):
            told.append((event, address))
    elif event == "socket.getaddrinfo" and args[0] not in ("127.0.0.1", "::1", "localhost", None, b"127.0.0.1"):
        told.append((event, args[0]))
    elif event in ("urllib.Request",) and "127.0.0.1" not in args[0]:
        told.append((event, args[0]))
sys.addaudithook(watch)
from flows.cli import main
try:
    main()
finally:
    if told:
        print("NETWORK", told, file=sys.stderr)
"""


def _can_unshare() -> bool:
    tool = shutil.which("unshare")
    words = [str(tool), "-rn", "true"]
    return bool(tool) and subprocess.run(words, capture_output=True, check=False).returncode == 0


def test_a_quarter_opens_no_connection_but_loopback(tmp_path: Path) -> None:
    """In a network namespace of its own where the machine allows it; watched by an audit hook in any case."""
    home = tmp_path / "home"
    words = [
        sys.executable,
        "-c",
        _WATCHED,
        "cycle",
        "--period",
        "2019-Q3",
        "--as-of",
        "2019-10-25",
        "--send",
        "--home",
        str(home),
    ]
    if _can_unshare():
        words = ["unshare", "-rn", "sh", "-c", 'ip link set lo up 2>/dev/null; exec "$@"', "sh", *words]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300, env=os.environ)
    assert "NETWORK" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
    assert len(list((home / "outbox").glob("*.eml"))) > 50  # through a real SMTP session to the sink


def test_the_watch_would_tell(tmp_path: Path) -> None:
    program = _WATCHED.replace(
        "from flows.cli import main\n",
        "import socket\ndef main():\n    socket.create_connection(('192.0.2.1', 25), timeout=0.01)\n",
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "NETWORK" in done.stderr and "192.0.2.1" in done.stderr


@pytest.mark.skipif(not os.environ.get("JIBAO_STRESS"), reason="the demo once more (make stress)")
@pytest.mark.stress
def test_the_demo_runs_where_only_loopback_exists(tmp_path: Path) -> None:
    if not _can_unshare():
        pytest.skip("this machine allows no network namespace")
    inside = 'ip link set lo up 2>/dev/null; exec "$@"'
    words = [
        "unshare",
        "-rn",
        "sh",
        "-c",
        inside,
        "sh",
        sys.executable,
        "-c",
        _WATCHED,
        "demo",
        "--home",
        str(tmp_path / "h"),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0 and "NETWORK" not in done.stderr, done.stderr
