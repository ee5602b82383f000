"""A mail's styles written onto its elements, as mail programs want them: worked out once for mails of one build.

Belongs here: telling a page's words from its elements. Does not: what the styles are (mail/base.html.j2).
Of 3,000 receipts hardly thirty differ in more than words; css_inline would read and write each whole page again.
"""

from __future__ import annotations

import re
from functools import lru_cache

import css_inline

# Words right behind a tag. White space first stays with the elements: it may stand where words may not.
_WORDS = re.compile(r">([^< \t\n\f][^<]*)")
_MARK = "\ue000"
_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|nbsp|#34|#39);)")
# A tag without angle brackets in its attributes, or a comment, as it stands between "<" and ">".
_TAG = re.compile(r"""[!/]?[a-z](?:[^"'\ue000]|"[^"\ue000]*"|'[^'\ue000]*')*|!--.*--""", re.I | re.S)
# What follows these is read by other rules than words and elements.
_OTHER = re.compile(
    r"(?:script|xmp|iframe|noembed|noframes|noscript|plaintext|textarea|template|select|svg|math|frameset)\b"
    rf"|style[^>]*>{_MARK}",
    re.IGNORECASE,
)


class Inliner:
    """``inline(html)``: what css_inline makes of the page, byte for byte."""

    def __init__(self) -> None:
        # Media rules cannot be inlined and stay in the head, for phones and dark screens.
        self._whole = css_inline.CSSInliner(
            load_remote_stylesheets=False, keep_style_tags=False, keep_at_rules=True, cache=None
        )
        self._inlined = lru_cache(128)(self._inline_elements)

    def inline(self, html: str) -> str:
        """:raises css_inline.InlineError: the page or its styles cannot be read"""
        is_odd = "\0" in html or "\r" in html or _MARK in html or _REFERENCE.search(html)
        parts = _WORDS.split(html)
        inlined = None if is_odd else self._inlined(f">{_MARK}".join(parts[::2]))
        if inlined is None:
            return self._whole.inline(html)
        elements, order = inlined
        words = _written(_MARK.join(parts[1::2])).split(_MARK)
        parts[::2] = elements
        parts[1::2] = [words[n] for n in order]
        return "".join(parts)

    def _inline_elements(self, elements: str) -> tuple[list[str], list[int]] | None:
        """The page without its words, split where they belong, and which of them belong there.

        None when there is something else in it than plain elements between words.
        """
        before, *pieces = elements.split("<")
        tags = [piece.partition(">")[0] for piece in pieces]
        if before.strip() or any(_OTHER.match(p) for p in pieces) or not all(map(_TAG.fullmatch, tags)):
            return None
        first, *rest = elements.split(_MARK)
        numbered = "".join([first, *(f"{_MARK}{n}{_MARK}{text}" for n, text in enumerate(rest))])
        found = self._whole.inline(numbered).split(_MARK)
        order = [int(n) for n in found[1::2]]
        return (found[::2], order) if len(order) == len(rest) else None


def _written(words: str) -> str:
    """As css_inline writes text: quotation marks need no escape outside attributes."""
    if "&" in words:
        words = words.replace("&#34;", '"').replace("&#39;", "'").replace("&quot;", '"')
    return words.replace(">", "&gt;").replace("\xa0", "&nbsp;")
