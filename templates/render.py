"""Jinja2, locked down: packaged templates, an office's own before them, and text from others kept inert.

Belongs here: the environment. Does not: what a mail says (mail/, report/, site/), sending, paths to write to.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    FileSystemLoader,
    FunctionLoader,
    StrictUndefined,
    pass_eval_context,
)
from jinja2.filters import do_urlencode
from jinja2.loaders import split_template_path
from jinja2.nodes import EvalContext
from markupsafe import Markup

from config.language import CHINESE, Language
from templates import charts, formats
from templates.environment import Environment
from templates.inlining import Inliner

SUBJECT_MAX = 120  # characters; longer subjects are cut by mail lists anyway


@dataclass(frozen=True)
class MailContent:
    subject: str  # one line
    html: str  # whole document, styles inline
    text: str  # the same for readers without HTML


def _packaged(name: str) -> tuple[str, str | None, Callable[[], bool]] | None:
    file = files("templates").joinpath(*split_template_path(name))
    if not file.is_file():
        return None
    return file.read_text("utf-8"), name, lambda: True  # a package never changes under a running program


def shown(value: Any) -> Any:
    """What any ``{{ }}`` prints: None as a dash, text without control and direction marks."""
    if value is None:
        return formats.NOTHING
    if isinstance(value, str) and not isinstance(value, Markup):
        return formats.clean(value)
    return value


class _ByLight(dict[Any, str]):
    def __missing__(self, code: Any) -> str:
        return self["none"]


@pass_eval_context
def each_light(context: EvalContext, macro: Callable[..., str]) -> Mapping[Any, str]:
    """What a macro says of each light, by code: said once a page, not in every row. Unknown codes are 无法判断."""
    return _ByLight((code, macro(context, code)) for code in formats.LIGHTS)


_quoted = lru_cache(formats.REMEMBERED)(do_urlencode)


def urlencode(value: Any) -> str:
    """Jinja2's filter; a unit's code stands in the links of every page."""
    return _quoted(value) if type(value) is str else do_urlencode(value)


def csp_hash(text: str) -> str:
    """The source expression of a Content-Security-Policy that allows this inline style and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _spoken(say: Language) -> Callable[..., str]:
    """``_`` of the templates: the sentence in this language, its values printed as ``{{ }}`` prints them."""

    @pass_eval_context
    def gettext(context: EvalContext, text: str, /, **values: Any) -> str:
        translated = say(text)
        if context.autoescape:
            translated = Markup(translated)  # the template's own words; values are escaped by it
        return translated % {k: shown(v) for k, v in values.items()} if values else translated

    return gettext


class Renderer:
    """Renders mails and pages. ``overrides``: a folder laid out like ``templates/`` that wins file by file.

    Templates are written in Chinese, the source: ``{{ _("共%(n)s项", n=3) }}`` or ``{% trans %}`` says it in the
    language of ``say``; every filter and chart speaks it too.

    Raises jinja2 errors: ``UndefinedError`` for a name the template expects and nobody gave,
    ``TemplateNotFound``, ``TemplateSyntaxError`` and ``SecurityError``; the CLI names file and line.
    """

    def __init__(self, overrides: Path | None = None, say: Language = CHINESE) -> None:
        self.overrides = overrides
        self.say = say
        loaders: list[BaseLoader] = [FileSystemLoader(overrides)] if overrides is not None else []
        self.environment = Environment(
            say,
            loader=ChoiceLoader([*loaders, FunctionLoader(_packaged)]),
            autoescape=lambda name: name is None or not name.endswith(".txt.j2"),
            undefined=StrictUndefined,
            finalize=shown,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self.environment.policies["ext.i18n.trimmed"] = True
        # The extension's own newstyle callables would let values past `shown` and autoescaping alike.
        self.environment.newstyle_gettext = True  # type: ignore[attr-defined]
        spoken = _spoken(say)
        self.environment.filters.update(
            {**formats.filters(say), "csp_hash": csp_hash, "each_light": each_light, "urlencode": urlencode}
        )
        self.environment.globals.update(
            LIGHTS=formats.lights(say), trajectory=partial(charts.trajectory, say=say),
            shares=partial(charts.shares, say=say), HTML_LANG=say.html, _=spoken, gettext=spoken,
        )  # fmt: skip
        self._inliner = Inliner()

    def mail(self, name: str, **context: Any) -> MailContent:
        """``mail/NAME.html.j2`` and ``mail/NAME.txt.j2``; the latter's block ``subject`` is the subject."""
        text = self.environment.get_template(f"mail/{name}.txt.j2")
        subject = "".join(text.blocks["subject"](text.new_context(context)))
        html = self.environment.get_template(f"mail/{name}.html.j2").render(context)
        return MailContent(
            formats.one_line(subject)[:SUBJECT_MAX],
            self._inliner.inline(html),
            text.render(context).strip() + "\n",
        )

    def page(self, name: str, **context: Any) -> str:
        """One whole HTML page from ``NAME.html.j2``, for example ``report/summary`` or ``site/index``."""
        return self.environment.get_template(f"{name}.html.j2").render(context)
