"""What a shell wants of us: completion."""

from __future__ import annotations

import click

from flows.cli.framework import group

_WHERE = {"bash": "~/.bashrc", "zsh": "~/.zshrc", "fish": "~/.config/fish/completions/jibao.fish"}


@group.command(name="completion")
@click.argument("shell", type=click.Choice(list(_WHERE)))
def completion_command(shell: str) -> None:
    """打印补全脚本；例如在 ~/.bashrc 中写 eval "$(jibao completion bash)"，此后按 Tab 补全命令和选项。"""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(group, {}, "jibao", "_JIBAO_COMPLETE").source())
