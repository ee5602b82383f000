"""`jibao render --check`: every template is filled with sample records, and what is wrong is told by file and line.

Belongs here: finding and trying templates. Does not: the samples (templates.samples), printing (flows.cli).
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import SecurityError
from jinja2.meta import find_undeclared_variables

from flows.office import Office
from templates import document, figures, typeset
from templates.render import Renderer
from templates.samples import MAILS, OFFICE, PAGES, bare
from warehouse.restating import Edition

# What a mail's template may use besides office and view, and may have to do without.
_EXTRAS: dict[str, dict[str, Any]] = {
    "summary": {
        "chart": "cid:lights.png",
        "chart_said": "各领域指标状态。",
        "attached": ["通报.docx", "通报.pdf"],
        "edition": Edition(revision=1, changed=2),
    }
}
_UNDEFINED = (
    (re.compile(r"has no attribute '([^']*)'|no element '?([^']*)'?"), "没有名为“{}”的变量"),
    (re.compile(r"'([^']*)' is undefined"), "没有名为“{}”的变量"),
    (re.compile(r"[Nn]o filter named '([^']*)'"), "没有名为“{}”的过滤器"),
    (re.compile(r"[Nn]o test named '([^']*)'"), "没有名为“{}”的判断"),
)


@dataclass(frozen=True)
class Problem:
    line: int | None  # from 1; None: the whole file
    said: str


@dataclass(frozen=True)
class Checked:
    """One template file: ``shown`` is its place as people see it."""

    shown: str
    problems: tuple[Problem, ...]

    @property
    def lines(self) -> list[str]:
        """``文件:行: 问题``, or one line that says it is in order."""
        if not self.problems:
            return [f"{self.shown}: 正常"]
        return [f"{self.shown}:{f'{p.line}:' if p.line else ''} {p.said}" for p in self.problems]


def check(office: Office) -> list[Checked]:
    """Every packaged template, and the office's own where it has one; nothing is written or sent."""
    renderer = office.renderer
    found: dict[str, set[Problem]] = {name: set() for name in _template_names(renderer)}
    for tried, attempt in _attempts(renderer):
        try:
            attempt()
        except Exception as error:
            name, problem = _told(renderer, tried, error)
            found.setdefault(name, set()).add(problem)
    for name in [n for n in found if n.endswith(".j2")]:
        found[name] |= _unknown_words(renderer, name)
    for name in _unused(renderer, set(found)):
        found[name] = {Problem(None, "没有这个名称的模板，不会被用到；请核对文件名")}
    return [
        Checked(_shown(renderer, name), tuple(sorted(problems, key=lambda p: (p.line or 0, p.said))))
        for name, problems in sorted(found.items())
    ]


def _attempts(renderer: Renderer) -> Iterator[tuple[str, Callable[[], object]]]:
    for name, view in MAILS.items():
        for one in (view, bare(view)):
            for extra in ({}, _EXTRAS[name]) if name in _EXTRAS else ({},):
                for kind in ("txt", "html"):
                    yield f"mail/{name}.{kind}.j2", _mail(renderer, f"mail/{name}.{kind}.j2", one, extra)
    for name, view in PAGES.items():
        for one in (view, bare(view)):
            yield f"{name}.html.j2", _page(renderer, name, one)
    summary = PAGES["report/summary"]
    for one in (summary, replace(bare(summary), previous_counts=None)):
        yield document.name_in(renderer.say), lambda one=one: document.summary_docx(renderer, OFFICE, one)  # type: ignore[misc]
        yield typeset.NAME, lambda one=one: typeset.summary_pdf(renderer, OFFICE, one)  # type: ignore[misc]
        yield figures.NAME, lambda one=one: figures.lights_png(renderer, one)  # type: ignore[misc]


def _mail(renderer: Renderer, name: str, view: Any, extra: dict[str, Any]) -> Callable[[], object]:
    def attempt() -> None:
        template = renderer.environment.get_template(name)
        template.render(office=OFFICE, view=view, **extra)
        if name.endswith(".txt.j2"):
            if "subject" not in template.blocks:
                raise UndefinedError("'subject' is undefined")
            "".join(
                template.blocks["subject"](template.new_context({"office": OFFICE, "view": view, **extra}))
            )

    return attempt


def _page(renderer: Renderer, name: str, view: Any) -> Callable[[], object]:
    return lambda: renderer.page(name, office=OFFICE, view=view)


def _told(renderer: Renderer, tried: str, error: Exception) -> tuple[str, Problem]:
    """The template that is to blame, which may be one that ``tried`` builds on, and the problem in Chinese."""
    if isinstance(error, typeset.TypesetError):
        return tried, Problem(error.line, f"排版语句有误：{error}")
    if isinstance(error, TemplateSyntaxError) and not tried.endswith(".docx"):
        return error.name or tried, Problem(error.lineno, _in_chinese(error))
    place = next(
        ((n, f.lineno) for f in reversed(traceback.extract_tb(error.__traceback__)) if (n := _name(renderer, f.filename))),
        None,
    )  # fmt: skip
    if tried.endswith(".docx"):
        return tried, Problem(None, _in_word(error))
    return (
        (place[0], Problem(place[1], _in_chinese(error)))
        if place
        else (tried, Problem(None, _in_chinese(error)))
    )


def _in_word(error: Exception) -> str:
    """Word has no line numbers; the words around the place are quoted instead."""
    if not isinstance(error, TemplateError):
        return "不是有效的 Word 文件（.docx），请用 Word 另存后再试"
    said = _in_chinese(error)
    near = "".join(getattr(error, "docx_context", ()))
    quoted = re.findall(r"\{[{%].*?[%}]\}", near)
    return (
        f"{said}（在“{quoted[0][:60]}”附近）" if quoted and isinstance(error, TemplateSyntaxError) else said
    )


def _in_chinese(error: Exception) -> str:
    said = str(error)
    if isinstance(error, SecurityError):
        return "含有不允许的写法（只能取用数据，不能调用程序内部）"
    if isinstance(error, TemplateNotFound):
        return f"引用的模板“{error.name}”不存在"
    for pattern, chinese in _UNDEFINED:
        if match := pattern.search(said):
            return chinese.format(next(g for g in match.groups() if g is not None))
    if isinstance(error, TemplateSyntaxError):
        return f"语法有误：{said}"
    return f"不能计算：{type(error).__name__} {said}"


def _unknown_words(renderer: Renderer, name: str) -> set[Problem]:
    """Names that no record offers, branches that the samples do not reach included."""
    source, _, _ = _source(renderer, name)
    try:
        tree = renderer.environment.parse(source, name)
        undeclared = find_undeclared_variables(tree)
    except TemplateError:
        return set()  # told already
    problems = set()
    base = name.removesuffix(".j2").removesuffix(".html").removesuffix(".txt")
    mail = base.removeprefix("mail/")
    known: dict[str, Any] = {
        "office": OFFICE,
        "view": MAILS.get(mail) if base.startswith("mail/") else PAGES.get(base),
    }
    allowed = {*known, *renderer.environment.globals, *_EXTRAS.get(mail, {}), "self", "super", "loop"}
    for word in undeclared - allowed - _given_here(tree):
        line = next((n.lineno for n in tree.find_all(nodes.Name) if n.name == word), None)
        problems.add(Problem(line, f"没有名为“{word}”的变量"))
    for get in tree.find_all(nodes.Getattr):
        owner = known.get(get.node.name) if isinstance(get.node, nodes.Name) else None
        if owner is not None and not hasattr(owner, get.attr):
            problems.add(Problem(get.lineno, f"没有名为“{get.attr}”的变量"))
    return problems


def _given_here(tree: nodes.Template) -> set[str]:
    """Names that the template gives itself: Jinja2 does not carry them into its blocks when asked what is undeclared."""
    words = {n.name for n in tree.find_all(nodes.Name) if n.ctx in ("store", "param")}
    words |= {n.name for n in tree.find_all(nodes.Macro)} | {n.target for n in tree.find_all(nodes.Import)}
    for node in tree.find_all(nodes.FromImport):
        words |= {n if isinstance(n, str) else n[1] for n in node.names}
    return words


def _template_names(renderer: Renderer) -> list[str]:
    names = [
        document.name_in(renderer.say),
        typeset.NAME,
        figures.NAME,
        *(f"{page}.html.j2" for page in PAGES),
    ]
    for room in ("mail", "report", "site", "personal"):
        names += [
            f"{room}/{f.name}"
            for f in (files("templates") / room).iterdir()
            if f.name.endswith((".j2", ".docx", ".typ"))
        ]
    return sorted({*names})


def _unused(renderer: Renderer, known: set[str]) -> list[str]:
    """The office's own files that are no template's name and that no other file of the office refers to."""
    root = renderer.overrides
    if root is None or not root.is_dir():
        return []
    own = {
        p.relative_to(root).as_posix(): p
        for p in root.rglob("*")
        if p.is_file() and not p.name.startswith((".", "~"))
    }
    texts = {name: path.read_text("utf-8", "replace") for name, path in own.items() if name.endswith(".j2")}
    return [
        name
        for name in own
        if name not in known and not _is_packaged(name) and not any(name in t for n, t in texts.items() if n != name)
    ]  # fmt: skip


def _is_packaged(name: str) -> bool:
    return files("templates").joinpath(*name.split("/")).is_file()


def _source(renderer: Renderer, name: str) -> tuple[str, str | None, Any]:
    assert renderer.environment.loader is not None
    return renderer.environment.loader.get_source(renderer.environment, name)


def _name(renderer: Renderer, filename: str) -> str | None:
    """The template that a traceback's file name stands for, or None for program files."""
    if not filename.endswith(".j2"):
        return None
    root = renderer.overrides
    path = Path(filename)
    return path.relative_to(root).as_posix() if root is not None and path.is_relative_to(root) else filename


def _shown(renderer: Renderer, name: str) -> str:
    is_own = document.override_of(renderer, name) is not None
    return f"config/templates/{name}" if is_own else f"{name}（随程序发布）"
