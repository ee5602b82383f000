"""Wrong use of the command line, told as everything else is: one Chinese line on stderr, status 2.

Belongs here: the words for what Click refuses (unknown names, missing ones, values that cannot be). Does not: what a
command refuses once its words are read (flows.cli.framework), --help.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click
from click.core import ParameterSource
from click.exceptions import NoArgsIsHelpError, NoSuchCommand

_WORDS = "jibao.words"  # in the context: the words a command was given, before Click took them apart
_LONGEST = 120


class OurType(click.ParamType):
    """A type of value whose ``fail`` says in Chinese what the value is and what it should be."""


class WrongUse(click.UsageError):
    """The line itself: Click would print usage, a hint and the word Error around it."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file=file, err=True)


class Command(click.Command):
    """A command that remembers its words: they are in no error of Click."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_WORDS] = list(args)  # Click consumes the list
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # the parser of options knows of no command
            raise


class Group(Command, click.Group):
    """A group below which every refusal of Click becomes one line."""

    command_class = Command
    group_class = type

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        with _in_one_line():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _in_one_line():
            return super().invoke(ctx)


@contextmanager
def _in_one_line() -> Iterator[None]:
    try:
        yield
    except WrongUse:
        raise
    except click.UsageError as error:
        raise WrongUse(_line(error), error.ctx) from error


def _line(error: click.UsageError) -> str:
    ctx = error.ctx
    assert ctx is not None, "see Command.parse_args"
    reason = " ".join(_reason(error, ctx).split())
    seen = "查看全部命令" if isinstance(ctx.command, click.Group) else "查看用法"
    return f"{reason}；用 {ctx.command_path} --help {seen}"


def _reason(error: click.UsageError, ctx: click.Context) -> str:
    if isinstance(error, NoArgsIsHelpError):
        return f"{ctx.command_path} 后面没有写命令"
    if isinstance(error, NoSuchCommand):
        return f"{ctx.command_path} 没有命令 {_short(error.command_name)}{_perhaps(error.possibilities)}"
    if isinstance(error, click.NoSuchOption):
        return f"{ctx.command_path} 没有选项 {_short(error.option_name)}{_perhaps(error.possibilities)}"
    if isinstance(error, click.BadOptionUsage):
        flags = {o for p in ctx.command.get_params(ctx) if getattr(p, "is_flag", False) for o in p.opts}
        lack = "不带值" if error.option_name in flags else "后面缺少值"
        return f"选项 {error.option_name} {lack}"
    if isinstance(error, click.MissingParameter) and error.param is not None:
        said = str(getattr(error.param, "help", None) or "").rstrip("。") or _wanted(error.param.type)
        return f"缺少{_named(error.param)}" + (f"（{said}）" if said else "")
    if isinstance(error, click.BadParameter) and error.param is not None:
        return _bad_value(error, error.param, ctx)
    # Nothing else reaches this far: a command's own refusals are told by the command.
    _, surplus = _given(ctx)
    return f"多出来的内容 {'、'.join(_short(word) for word in surplus)}" if surplus else error.message


def _bad_value(error: click.BadParameter, param: click.Parameter, ctx: click.Context) -> str:
    options, _ = _given(ctx)
    value, source = param.consume_value(ctx, options)
    where = f"环境变量 {param.envvar}" if source is ParameterSource.ENVIRONMENT else _named(param)
    if isinstance(param.type, OurType):
        return f"{where} 的值不对：{error.message}"
    if isinstance(param.type, click.Path):
        return f"{where} 的值不对：{_short(value)} {_wrong_path(param.type, value)}，{_wanted(param.type)}"
    return f"{where} 的值 {_short(value)} 不对，{_wanted(param.type)}"


def _given(ctx: click.Context) -> tuple[MutableMapping[str, Any], Sequence[str]]:
    """What stood for each name, and what was left over: Click tells neither with its error."""
    options, surplus, _ = ctx.command.make_parser(ctx).parse_args(list(ctx.meta.get(_WORDS, ())))
    return options, surplus


def _named(param: click.Parameter) -> str:
    return (
        f"选项 {max(param.opts, key=len)}"
        if param.param_type_name == "option"
        else f"参数 {param.human_readable_name}"
    )


def _wanted(kind: click.ParamType) -> str:
    if isinstance(kind, click.Choice):
        return f"应为 {'、'.join(map(str, kind.choices))} 之一"
    if isinstance(kind, click.IntRange):
        return (
            f"应为不小于 {kind.min} 的整数" if kind.max is None else f"应为 {kind.min} 到 {kind.max} 的整数"
        )
    if isinstance(kind, click.Path):
        what = "文件" if not kind.dir_okay else "文件夹" if not kind.file_okay else "文件或文件夹"
        return f"应为已有的{what}" if kind.exists else f"应为{what}"
    return ""


def _wrong_path(kind: click.Path, value: Any) -> str:
    path = Path(str(value))
    try:
        if not path.exists():
            return "不存在"
        if (path.is_dir() and not kind.dir_okay) or (path.is_file() and not kind.file_okay):
            return "是文件夹" if path.is_dir() else "是文件"
    except (OSError, ValueError):  # too long a name, a zero byte in it, a folder that may not be entered
        return "打不开"
    return "没有权限读取"


def _perhaps(names: Sequence[str] | None) -> str:
    return f"（是否想写 {'、'.join(names)}）" if names else ""


def _short(value: Any) -> str:
    text = repr(str(value))  # control characters must not reach the terminal
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
