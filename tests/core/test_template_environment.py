"""The faster sandbox gives the same pages as Jinja2's own and refuses the same things."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, StrictUndefined
from jinja2.compiler import CodeGenerator
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.filters import do_urlencode
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup
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

    @property
    def said(self) -> str:
        return f"{self.name}!"

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


@given(
    st.floats(-1e15, 1e15) | st.integers(-(10**9), 10**9).map(lambda n: (n * 10 + 5) / 1000), st.integers(0, 2), st.integers(-1, 1)
)  # fmt: skip
def test_numbers_round_as_they_are_written(value: float, decimals: int, beside: int) -> None:
    value = value if not beside else math.nextafter(value, math.copysign(math.inf, beside))
    places = Decimal(1).scaleb(-decimals)
    if abs(value) < 1e12:  # there a binary number has more places than are shown
        written = f"{Decimal(repr(value)).quantize(places, rounding=ROUND_HALF_UP):,f}"
        written = written.rstrip("0").rstrip(".") if "." in written else written
        assert formats.number(value, decimals) == ("0" if written == "-0" else written)


class _Long(Environment):
    """Ours with every way around taken away again: the sandbox as Jinja2 ships it."""

    code_generator_class = CodeGenerator
    getattr = ImmutableSandboxedEnvironment.getattr
    call = ImmutableSandboxedEnvironment.call


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


def test_a_field_is_read_of_records_that_have_it_and_the_sandbox_is_asked_about_everything_else() -> None:
    environment = Renderer().environment
    told = environment.from_string("{{ r.name }} {{ r.said }}")
    assert told.render(r=Record("甲<")) == "甲&lt; 甲&lt;!"
    assert Record in environment.having["name"] & environment.having["said"]
    # A name that records have is nothing special on other objects: data of a mapping, or refused.
    assert told.render(r={"name": "<乙>", "said": 1}) == "&lt;乙&gt; 1"
    with pytest.raises(UndefinedError, match="has no attribute 'name'"):
        told.render(r="text")
    assert environment.from_string("{{ r.name is defined }}{{ r.other is defined }}").render(
        r=Record("x")
    ) == ("TrueFalse")

    @dataclass
    class Named:  # fields that are called like what the sandbox refuses on lists and functions
        append: str = "a"
        gi_frame: str = "g"

    both = environment.from_string("{{ r.append }}{{ r.gi_frame }}")
    assert both.render(r=Named()) == "ag"
    assert environment.having["append"] == {Named}
    rows: list[int] = []
    for hostile in (rows, (n for n in rows)):
        with pytest.raises((SecurityError, UndefinedError)):
            environment.from_string("{{ r.append(1) }}{{ r.gi_frame.f_globals }}").render(r=hostile)
    assert rows == []


def test_rows_are_gathered_wherever_a_loop_stands() -> None:
    environment = Environment(
        CHINESE,
        loader=DictLoader(
            {
                "frame": "<{% block rows %}{% endblock %}>{% for x in [1] %}{% block tail scoped %}{{ x }}{% endblock %}{% endfor %}",
                "page": "{% extends 'frame' %}{% block rows %}{% for a in rows if a %}{% for b in a %}{{ b }},"
                "{% endfor %}{{ loop.index }};{% else %}none{% endfor %}{{ super() }}{% endblock %}",
                "tree": "{% for x in tree recursive %}{{ x.n }}({{ loop(x.under) }}){% endfor %}",
                "part": "{% for x in [1, 2] %}{% include 'one' %}{% endfor %}",
                "one": "{{ x }}",
            }
        ),
        undefined=StrictUndefined,
    )
    page = environment.get_template("page")
    assert page.render(rows=["ab", "", "c"]) == "<a,b,1;c,2;>1"
    assert page.render(rows=[]) == "<none>1"
    tree = [{"n": 1, "under": [{"n": 2, "under": []}]}]
    assert environment.get_template("tree").render(tree=tree) == "1(2())"
    assert environment.get_template("part").render() == "12"
    assert list(page.generate(rows=["ab"]))[:2] == ["<", "a,b,1;"]


@pytest.mark.parametrize(
    "language", [CHINESE, Language("en", "en", {"共%(n)s项：%(x)s": "<b>%(n)s</b>: %(x)s"})]
)
def test_a_sentence_with_values_is_the_same_by_the_long_way(
    language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(source: str) -> list[str]:
        environment = Renderer(None, language).environment
        values = (
            None,
            0,
            1.5,
            True,
            "<a>\u202e",
            Markup("<i>"),
            Record("r"),
            datetime(2020, 1, 1, tzinfo=UTC),
        )
        return [environment.from_string(source).render(x=x, n=3) for x in values]

    sources = (
        '{{ _("共%(n)s项：%(x)s", n=n, x=x) }}',
        '{{ _("共%(n)d项：%(x)s", n=n, x=x) ~ "<" }}',
        '{% autoescape false %}{{ _("共%(n)s项：%(x)s", n=n, x=x) }}{% endautoescape %}',
        '{% for y in [x] %}{{ _("共%(n)s项：%(x)s", n=n, x=y) if true }}{% endfor %}',
        '{% macro m(y) %}{{ gettext("共%(n)s项：%(x)s", n=loop_n or n, x=y) }}{% endmacro %}{% set loop_n = 0 %}{{ m(x) }}',
        "{% trans n=n, x=x %}共{{ n }}项：{{ x }}{% endtrans %}",
    )
    ours = [said(source) for source in sources]
    monkeypatch.setattr(render, "Environment", _Long)
    assert ours == [said(source) for source in sources]


def test_a_copy_of_the_environment_prints_its_own_way() -> None:
    environment = Renderer().environment
    assert environment.from_string("{{ x }}").render(x="甲") == "甲"
    loud = environment.overlay(finalize=lambda value: f"{value}!")
    assert loud.from_string("{{ x }}").render(x="甲") == "甲!"
    assert environment.from_string("{{ x }}").render(x="甲") == "甲"


def test_texts_and_markup_that_look_alike_are_not_taken_for_each_other() -> None:
    environment = Renderer().environment
    source = environment.from_string("{% for x in rows %}{{ x }}|{% endfor %}")
    assert source.render(rows=["<b>", Markup("<b>"), 1, True, 1.0, "1", None, "<b>"]) == (
        "&lt;b&gt;|<b>|1|True|1.0|1|—|&lt;b&gt;|"
    )


def test_a_label_is_said_once_for_each_light() -> None:
    source = "{% import 'site/parts.html.j2' as site %}{% set pill = site.pill | each_light %}"
    for code in ("met", "red", "none", "absent", None):
        assert _render(source + "{{ pill[code] }}", code=code) == _render(
            "{% import 'site/parts.html.j2' as site %}{{ site.pill(code) }}", code=code
        )


@pytest.mark.parametrize(
    "value", ["441402", "a b", "甲", "a/b", "~.-_", "", "a\n", "x%y", None, {"a": "b c"}]
)
def test_links_hold_codes_as_jinja2_writes_them(value: object) -> None:
    assert render.urlencode(value) == do_urlencode(value)  # type: ignore[arg-type]
