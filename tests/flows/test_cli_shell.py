"""Completion in a real shell: the printed script is sourced and asked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).parent / "jibao"


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_bash_completes_commands_and_options() -> None:
    script = f"""
        PATH={PROGRAM.parent}:$PATH
        eval "$(jibao completion bash)"
        COMPREPLY=(); COMP_WORDS=(jibao re); COMP_CWORD=1; _jibao_completion jibao; echo "${{COMPREPLY[@]}}"
        COMPREPLY=(); COMP_WORDS=(jibao export --f); COMP_CWORD=2; _jibao_completion jibao; echo "${{COMPREPLY[@]}}"
        COMPREPLY=(); COMP_WORDS=(jibao export --format sd); COMP_CWORD=3; _jibao_completion jibao; echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    commands, options, values = (line.split() for line in done.stdout.splitlines())
    assert {"report", "remind", "reopen", "restore", "return", "recheck"} <= set(commands)
    assert options == ["--format"] and values == ["sdmx-csv"]
