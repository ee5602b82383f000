"""Jinja2's sandbox, as strict as it ships and faster where a template only reads records and says fixed words.

Belongs here: how templates are compiled and names looked up. Does not: what a template may print (render, formats).
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, cast

from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from config.language import Language


@cache
def _is_field(kind: type, name: str) -> bool:
    """Whether ``name`` is plain data of a record class: a public dataclass field."""
    return name in getattr(kind, "__dataclass_fields__", {}) and not name.startswith("_")


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
    """The sandbox for templates that speak ``say``. A page of 25 rows asks for 1,200 fields and 130 fixed words."""

    def __init__(self, say: Language, **options: Any) -> None:
        super().__init__(**options)
        self._said = _Said(say)

    def getattr(self, obj: Any, attribute: str) -> Any:
        # The sandbox guards methods and internals; a record's field is neither. All else takes the long way.
        if _is_field(cast(Hashable, type(obj)), attribute):
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return cast(nodes.Template, self._said.visit(super()._parse(source, name, filename)))
