"""Jinja2's sandbox, as strict as it ships and faster where a template only reads records and says fixed words.

Belongs here: how templates are compiled and names looked up. Does not: what a template may print (render, formats).
"""

from __future__ import annotations

import re
from contextlib import suppress
from inspect import getattr_static
from typing import Any, cast

from jinja2 import nodes
from jinja2.environment import TemplateModule
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from config.language import Language

# How the compiler prints a value where autoescaping is on, and the one call that does the same.
_PRINTED, _PRINTED_AT_ONCE = "escape(environment.finalize(", "environment.printed(("


class _Fields(dict[type, frozenset[str]]):
    """By class, the names that are plain data of its records: public fields and properties of a dataclass."""

    def __missing__(self, kind: type) -> frozenset[str]:
        fields = getattr(kind, "__dataclass_fields__", ())
        asked = [n for n in dir(kind) if isinstance(getattr_static(kind, n), property)] if fields else []
        self[kind] = names = frozenset(n for n in (*fields, *asked) if not n.startswith("_"))
        return names


_FIELDS = _Fields()
_OWN = frozenset({LoopContext, TemplateModule})  # Jinja2's `loop`, and what `import` brings
_MARKUP = re.compile("[&<>'\"]")


class _Said(NodeTransformer):
    """``_("固定的话")`` without values is the same on every page: translated when the template is compiled."""

    def __init__(self, say: Language) -> None:
        self.say = say

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 (Jinja2's own name)
        self.generic_visit(node)
        is_gettext = isinstance(node.node, nodes.Name) and node.node.name in ("_", "gettext")
        if not is_gettext or len(node.args) != 1 or node.kwargs or node.dyn_args or node.dyn_kwargs:
            return node
        text = node.args[0]
        if not isinstance(text, nodes.Const) or not isinstance(text.value, str):
            return node
        # The template's own words, markup and all, exactly as the call at run time would give them.
        return nodes.TemplateData(self.say(text.value), lineno=node.lineno)


class Environment(ImmutableSandboxedEnvironment):
    """The sandbox for templates that speak ``say``. A page of 25 rows asks for 1,200 fields and 130 fixed words.

    Each way around is for kinds of values that the sandbox lets through in any case; all others take its own way.
    """

    def __init__(self, say: Language, **options: Any) -> None:
        super().__init__(**options)
        self._said = _Said(say)

    def getattr(self, obj: Any, attribute: str) -> Any:
        # The sandbox guards methods and internals; a record's field is neither. All else takes the long way.
        if attribute in _FIELDS[type(obj)]:
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

    def printed(self, value: Any) -> str:
        """What ``{{ value }}`` shows in HTML: finalized, then escaped unless it is markup already."""
        # Nothing to take out and nothing to escape: nine of ten values.
        if type(value) is str and value.isprintable() and not _MARKUP.search(value):
            return value
        shown = self.finalize(value) if self.finalize else value
        return shown if type(shown) is Markup else escape(shown)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return cast(nodes.Template, self._said.visit(super()._parse(source, name, filename)))

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        return super()._generate(source, name, filename, defer_init).replace(_PRINTED, _PRINTED_AT_ONCE)
