"""What a shell wants of us: completion, sourced and asked, and one line for words that cannot be."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli import group

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


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "jibao 后面没有写命令；用 jibao --help 查看全部命令"),
        ("mail", "jibao mail 后面没有写命令；用 jibao mail --help 查看全部命令"),
        ("statu", "jibao 没有命令 'statu'（是否想写 status）；用 jibao --help 查看全部命令"),
        ("status --perio 1", "没有选项 '--perio'（是否想写 --period）；用 jibao status --help 查看用法"),
        ("--version=1", "选项 --version 不带值；用 jibao --help"),
        ("doctor --json=1", "选项 --json 不带值；用 jibao doctor --help"),
        ("status --period", "选项 --period 后面缺少值；用 jibao status --help"),
        ("status", "缺少选项 --period（报告期，例如 2019-Q3）；用 jibao status --help"),
        ("attain", "缺少参数 TABLE（应为已有的文件）；用 jibao attain --help"),
        ("init extra \x1b[2J", "多出来的内容 'extra'、'\\x1b[2J'；用 jibao init --help"),
        ("status --period x", "选项 --period 的值不对：'x' 不是报告期；请写成 2019-Q3"),
        ("remind --as-of 昨天", "选项 --as-of 的值不对：'昨天' 不是时间；请写成 2019-10-25"),
        ("mail list --state lost", "选项 --state 的值 'lost' 不对，应为 queued、sending、sent"),
        ("completion tcsh", "参数 SHELL 的值 'tcsh' 不对，应为 bash、zsh、fish 之一"),
        ("up --port abc", "选项 --port 的值 'abc' 不对，应为 1 到 65535 的整数"),
        ("scale slice --part 0 --parts 1", "选项 --part 的值 '0' 不对，应为不小于 1 的整数"),
        ("collect --inbox ./nowhere", "选项 --inbox 的值不对：'./nowhere' 不存在，应为已有的文件夹"),
        ("attain .", "参数 TABLE 的值不对：'.' 是文件夹，应为已有的文件"),
        (f"collect --inbox {'x' * 5000}", "选项 --inbox 的值不对"),
    ],
)
def test_wrong_use_is_one_line_that_says_what_to_write(words: str, told: str) -> None:
    shown = CliRunner().invoke(group, words.split(" ") if words else [])
    assert shown.exit_code == 2 and shown.stdout == ""
    [line] = shown.stderr.splitlines()
    assert told in line and "--help 查看" in line and line.isprintable() and len(line) < 300


def test_a_folder_named_by_the_environment_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "home").write_bytes(b"")
    shown = CliRunner().invoke(group, ["init"], env={"JIBAO_HOME": str(tmp_path / "home")})
    assert shown.exit_code == 2 and shown.stderr.startswith("环境变量 JIBAO_HOME 的值不对：")
    assert "home 是文件，不是文件夹，请改写路径；用 jibao init --help 查看用法" in shown.stderr


def test_help_is_help() -> None:
    for words in (["--help"], ["mail", "-h"], ["status", "--help"]):
        shown = CliRunner().invoke(group, words)
        assert shown.exit_code == 0 and shown.stdout.startswith("Usage: jibao") and not shown.stderr
