"""Styles written onto elements: whatever the page, the bytes are those css_inline makes of the whole of it."""

from __future__ import annotations

from pathlib import Path

import css_inline
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from view_samples import MAILS, OFFICE, poisoned

from templates.inlining import Inliner
from templates.render import Renderer

WHOLE = css_inline.CSSInliner(
    load_remote_stylesheets=False, keep_style_tags=False, keep_at_rules=True, cache=None
)
HEAD = """<!DOCTYPE html>
<html><head><title>T &amp; &#34;t&#34;</title><style>
p { color: red } @media (x) { p { a: b } } .v { b: c } p:empty { z: y } body > td:nth-child(2) { q: r }
</style></head><body>
"""
WORDS = st.one_of(st.sampled_from([
    "文字", "a b", " ", "\n ", "&amp;", "&lt;b&gt;", "&#39;x&#34;", "&nbsp;", "x&nbsp;y", "\xa0", "\u3000", "  pad  ", "",
    "&copy;", "a & b", "&#1;", "-->", "\"q\"", "\x7f", "\x0b", "\x01", "\ufeff", "\ue000", "\r\n", "\0", "\x85", "]]>",
]), st.text(max_size=5).map(lambda text: text.replace("<", "")))  # fmt: skip
TAGS = st.sampled_from([
    "<p>", "</p>", '<p class="v">', "<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<b>", "</b>", "<br>",
    "<!-- c -->", "<!-- a > b -->", "<pre>", "</pre>", '<span style="a:b">', "</span>", '<p title="a>b">', "<ul><li>",
    '<a href="x&amp;y">', "<P CLASS=v>", "<input disabled/>", "<title>", "</title>", "<option>", '<body class="v">',
    "<col>", "<caption>", "<style>p{c:d}</style>", '<style media="x">p{c:d}', "<script>", "</script>", "<select>", "<svg>",
    "<textarea>", "</textarea>", "<?x?>", "<![CDATA[", "<", "< b", "<p a=\"", "<p a=b\"c'>", "<frameset>", "<template>",
])  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(st.lists(st.tuples(WORDS, TAGS), max_size=12), WORDS)
def test_any_page_is_inlined_as_a_whole_would_be(pieces: list[tuple[str, str]], end: str) -> None:
    body = "".join(map("".join, pieces))
    for page in (f"{HEAD}{body}</body></html>\n{end}", body):
        inliner = Inliner()
        assert inliner.inline(page) == WHOLE.inline(page)
        assert inliner.inline(page) == WHOLE.inline(page), "once more, as remembered"


@pytest.mark.parametrize("poison", ["", "<i>&\"'\u202e\u00a0\ue000{{7*7}}"])
def test_mails_of_one_build_are_worked_out_once(poison: str, monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = Renderer()
    pages: list[tuple[str, str]] = []
    inline = renderer._inliner.inline

    def noted(html: str) -> str:
        pages.append((html, inline(html)))
        return pages[-1][1]

    monkeypatch.setattr(renderer._inliner, "inline", noted)
    for name, view in MAILS.items():
        for words in (poison, poison + "甲", poison + "乙<"):
            renderer.mail(name, office=OFFICE, view=poisoned(view, words))
    assert all(inlined == WHOLE.inline(html) for html, inlined in pages)
    if "\ue000" not in poison:
        known = renderer._inliner._inlined.cache_info()
        assert known.hits >= len(pages) // 2, known


def test_an_office_styles_its_own_mail(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail/alert.html.j2").write_text(
        "<html><head><style>p > b { color: teal } p:nth-of-type(2) { margin: 0 }</style></head>"
        "<body><p>甲<b>{{ view.title }}</b></p><p>{{ view.what_to_do }}</p></body></html>",
        "utf-8",
    )
    html = Renderer(tmp_path).mail("alert", office=OFFICE, view=MAILS["alert"]).html
    assert '<b style="color: teal;">' in html and '<p style="margin: 0;">' in html
