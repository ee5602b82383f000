"""Jinja2's sandbox, as strict as it ships and faster where a template only reads records and says fixed words.

Belongs here: how templates are compiled and names looked up. Does not: what a template may print (render, formats).
"""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from functools import lru_cache
from inspect import getattr_static
from keyword import iskeyword
from typing import Any, cast

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import TemplateModule
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from config.language import Language

_ESCAPED = re.compile("[&<>'\"]")
_REMEMBERED = 32_768  # the rows of 3,000 units say the same 24,000 names and codes on every indicator's page


class _Fields(dict[type, frozenset[str]]):
    """By class, the names that are plain data of its records: public fields and properties of a dataclass."""

    def __missing__(self, kind: type) -> frozenset[str]:
        fields = getattr(kind, "__dataclass_fields__", ())
        asked = [n for n in dir(kind) if isinstance(getattr_static(kind, n), property)] if fields else []
        self[kind] = names = frozenset(n for n in (*fields, *asked) if not n.startswith("_"))
        return names


_FIELDS = _Fields()
_FIELDS[LoopContext] = frozenset(n for n, v in vars(LoopContext).items() if isinstance(v, property))
_OWN = frozenset({LoopContext, TemplateModule})  # Jinja2's `loop`, and what `import` brings


def _said_text(node: nodes.Call) -> str | None:
    """The sentence of ``_("…")`` and ``_("…", n=3)``; None for any other call."""
    is_gettext = isinstance(node.node, nodes.Name) and node.node.name in ("_", "gettext")
    if not is_gettext or len(node.args) != 1 or node.dyn_args or node.dyn_kwargs:
        return None
    text = node.args[0]
    return text.value if isinstance(text, nodes.Const) and isinstance(text.value, str) else None


class _Said(NodeTransformer):
    """``_("固定的话")`` without values is the same on every page: translated when the template is compiled."""

    def __init__(self, say: Language) -> None:
        self.say = say

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 (Jinja2's own name)
        self.generic_visit(node)
        text = _said_text(node)
        if text is None or node.kwargs:
            return node
        # The template's own words, markup and all, exactly as the call at run time would give them.
        return nodes.TemplateData(self.say(text), lineno=node.lineno)


class _Generator(CodeGenerator):
    """Python for a template: what stands in every row of a table is written so that it takes no call of Python's.

    ``row.name`` becomes ``t_1.name if type(t_1 := row) in having_name else environment.getattr(t_1, "name")``: only a
    class whose records are known to hold that name as plain data is read on the spot, all else asked of the sandbox.
    """

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802
        self._names: set[str] = set()
        super().visit_Template(node, frame)
        self.writeline("printed_text = environment.printed_text")
        for name in sorted(self._names):
            self.writeline(f"having_{name} = environment.having[{name!r}]")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802
        name = node.attr
        if name.startswith("_") or iskeyword(name) or not name.isidentifier():
            super().visit_Getattr(node, frame)
            return
        held = self.temporary_identifier()
        self.write(f"({held}.{name} if type({held} := ")
        self.visit(node.node, frame)
        self.write(f") in having_{name} else environment.getattr({held}, {name!r}))")
        self._names.add(name)

    def visit_Call(  # noqa: N802
        self, node: nodes.Call, frame: Frame, forward_caller: bool = False
    ) -> None:
        text = _said_text(node)
        if text is None or not node.kwargs:
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        said = cast(Environment, self.environment).say(text)
        self.write(f"environment.told(context.eval_ctx, {said!r}, {{")
        for given in node.kwargs:
            self.write(f"{given.key!r}: ")
            self.visit(given.value, frame)
            self.write(", ")
        self.write("})")

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802
        if frame.buffer is not None:
            super().visit_For(node, frame)
            return
        # Rows are gathered and handed up once, not every piece of every row through page and frame.
        self.buffer(frame)
        super().visit_For(node, frame)
        rows, frame.buffer = frame.buffer, None
        self.writeline(f"yield concat({rows})")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
            return
        self._held = self.temporary_identifier()
        self.write(f"(printed_text({self._held}) if type({self._held} := ")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_post(node, frame, finalize)
            return
        self.write(f") is str else environment.printed({self._held}))")


class Environment(ImmutableSandboxedEnvironment):
    """The sandbox for templates that speak ``say``. A page of 25 rows asks for 1,200 fields and 130 fixed words.

    Each way around is for kinds of values that the sandbox lets through in any case; all others take its own way.
    """

    code_generator_class = _Generator

    def __init__(self, say: Language, **options: Any) -> None:
        super().__init__(**options)
        self.say = say
        self._said = _Said(say)
        # By name, the classes whose records hold it as plain data; learnt as records come.
        self.having: dict[str, set[type]] = defaultdict(set)
        self.printed_text = lru_cache(_REMEMBERED)(self._printed)

    def overlay(self, *args: Any, **options: Any) -> Environment:
        other = super().overlay(*args, **options)
        other.printed_text = lru_cache(_REMEMBERED)(other._printed)  # it may finalize another way
        return other

    def getattr(self, obj: Any, attribute: str) -> Any:
        # The sandbox guards methods and internals; a record's field is neither. All else takes the long way.
        if attribute in _FIELDS[type(obj)]:
            self.having[attribute].add(type(obj))
            return getattr(obj, attribute)
        if type(obj) in _OWN and attribute[0] != "_":
            with suppress(AttributeError):
                return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        # A template's own macro is neither unsafe nor in need of what Context.call would look up for it.
        if type(obj) is Macro:
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return obj(context.eval_ctx, *args, **kwargs)
        return super().call(context, obj, *args, **kwargs)

    def told(self, context: EvalContext, said: str, values: dict[str, Any]) -> str:
        """``_("…", n=3)``, the sentence translated already: its values as ``{{ }}`` prints them."""
        if not context.autoescape:
            return said % {k: self._finalized(v) for k, v in values.items()}
        shown = {k: v if type(v) in (int, float) else self.printed(v) for k, v in values.items()}
        return Markup(said % shown)  # the template's own words

    def printed(self, value: Any) -> str:
        """What ``{{ value }}`` shows in HTML: finalized, then escaped unless it is markup already."""
        if type(value) is Markup:
            return value
        # Most texts and counts stand in other rows and on other pages too. Not so for all kinds: True and 1 are one key.
        return self.printed_text(value) if type(value) in (str, int) else self._printed(value)

    def _printed(self, value: Any) -> str:
        shown = self._finalized(value)
        if type(shown) is Markup or type(shown) is str and not _ESCAPED.search(shown):
            return shown
        return str(escape(shown))

    def _finalized(self, value: Any) -> Any:
        return self.finalize(value) if self.finalize else value

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return cast(nodes.Template, self._said.visit(super()._parse(source, name, filename)))
