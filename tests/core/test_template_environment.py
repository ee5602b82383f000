"""The faster sandbox gives the same pages as Jinja2's own and refuses the same things."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from jinja2 import DictLoader, StrictUndefined
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from view_samples import MAILS, OFFICE, PAGES, poisoned

from config.language import CHINESE, Language
from templates import formats, render
from templates.environment import Environment
from templates.render import Renderer, shown


@dataclass(frozen=True)
class Record:
    name: str
    lines: list[int] = field(default_factory=list)
    _hidden: str = "geheim"

    def method(self) -> str:
        return self.name

    @property
    def shout(self) -> str:
        return self.name + "!"

    @property
    def _quiet(self) -> str:
        return "geheim"


def _render(source: str, say: Language = CHINESE, **context: object) -> str:
    renderer = Renderer(None, say)
    return renderer.environment.from_string(source).render(context)


def test_fixed_words_are_translated_at_compile_time_with_their_markup() -> None:
    english = Language("en", "en", {"应报<b>全部</b>": "all <b>owed</b>", "甲": "A & B"})
    assert _render('{{ _("应报<b>全部</b>") }}|{{ gettext("甲") }}', english) == "all <b>owed</b>|A & B"
    assert (
        _render('{% for x in rows %}{{ x or _("甲") }}{% endfor %}', english, rows=["<i>", ""])
        == "&lt;i&gt;A & B"
    )
    assert _render('{{ _("甲") if yes else "-" }}', english, yes=True) == "A & B"


def test_words_with_values_still_escape_them() -> None:
    assert _render('{{ _("共%(n)s项", n=n) }}', n="<3>") == "共&lt;3&gt;项"


def test_a_record_gives_its_fields_and_nothing_else() -> None:
    record = Record("甲<", [1])
    assert _render("{{ r.name }}{{ r.method() }}{{ r.shout }}", r=record) == "甲&lt;甲&lt;甲&lt;!"
    for source in (
        "{{ r._hidden }}",
        "{{ r._quiet }}",
        "{{ r.__class__ }}",
        "{{ r.lines.append(2) }}",
        "{{ r.method.__func__ }}",
    ):
        with pytest.raises(SecurityError):
            _render(source, r=record)
    with pytest.raises(UndefinedError):
        _render("{{ r.absent }}", r=record)
    assert record.lines == [1]


def test_the_environment_is_the_sandbox() -> None:
    environment = Environment(
        CHINESE, loader=DictLoader({"x": "{{ ''.__class__ }}"}), undefined=StrictUndefined
    )
    with pytest.raises(SecurityError):
        environment.get_template("x").render()
    assert shown(None) == formats.NOTHING


@pytest.mark.parametrize(
    ("value", "decimals", "told"),
    [
        (1234.5, 2, "1,234.5"), (2.675, 2, "2.68"), (0.125, 2, "0.13"), (1.005, 2, "1.01"), (-0.0, 2, "0"),
        (-0.001, 2, "0"), (1e15, 2, "1,000,000,000,000,000"), (1e23, 0, "100,000,000,000,000,000,000,000"),
        (100.0, 1, "100"), (73, 1, "73"), (0.1 + 0.2, 2, "0.3"), (1234567.89, 2, "1,234,567.89"),
    ],
)  # fmt: skip
def test_numbers_round_half_up_whichever_way_they_are_written(value: float, decimals: int, told: str) -> None:
    assert formats.number(value, decimals) == told


class _Long(Environment):
    """Ours with every way around taken away again: the sandbox as Jinja2 ships it."""

    getattr = ImmutableSandboxedEnvironment.getattr
    call = ImmutableSandboxedEnvironment.call
    _generate = ImmutableSandboxedEnvironment._generate


@pytest.mark.parametrize("poison", ["", "<i>&\"'\u202e\u00a0\u3000{{7*7}}"])
def test_every_page_and_mail_is_the_same_by_the_long_way(
    poison: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = Renderer()
    monkeypatch.setattr(render, "Environment", _Long)
    long = Renderer()
    assert isinstance(long.environment, _Long)
    office = poisoned(OFFICE, poison)
    for name, view in PAGES.items():
        told = poisoned(view, poison)
        assert ours.page(name, office=office, view=told) == long.page(name, office=office, view=told), name
    for name, view in MAILS.items():
        told = poisoned(view, poison)
        assert ours.mail(name, office=office, view=told) == long.mail(name, office=office, view=told), name


def test_what_a_loop_and_an_import_offer_and_nothing_behind_it() -> None:
    source = "{% for x in [1, 2] %}{{ loop.index }}{{ ',' if not loop.last }}{% endfor %}"
    assert _render(source) == "1,2"
    for reach in ("loop._iterable", "loop.__class__", "loop.cycle.__func__"):
        with pytest.raises(SecurityError):
            _render("{% for x in [1] %}{{ " + reach + " }}{% endfor %}")
    with pytest.raises(UndefinedError):
        _render("{% for x in [1] %}{{ loop.absent }}{% endfor %}")
    imported = "{% import 'report/parts.html.j2' as parts %}"
    assert "正常" in _render(imported + "{{ parts.light_label('green') }}")
    for reach in ("parts.light_label._func", "parts.__init__", "parts._body_stream"):
        with pytest.raises(SecurityError):
            _render(imported + "{{ " + reach + " }}")
