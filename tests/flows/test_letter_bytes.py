"""A composed letter is, byte for byte, what the standard library's EmailMessage makes of the same parts."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mail_samples import NOW

from flows.mailing import compose as composing
from flows.mailing.compose import Attachment, InlineImage, compose


@dataclass(frozen=True)
class Content:
    subject: str
    html: str
    text: str


class _Wire(EmailPolicy):
    """email.policy.SMTP for headers that arrive encoded."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, str]:
        return name, str(value)

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value

    def fold_binary(self, name: str, value: str) -> bytes:
        return f"{name}: {value}\r\n".encode("ascii")

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}\r\n"


def long_way(
    content: Content, sender: tuple[str, str], recipient: tuple[str, str], identity: str, date: datetime,
    attachments: Sequence[Attachment], inline: Sequence[InlineImage],
) -> bytes:  # fmt: skip
    mail = EmailMessage(policy=_Wire(linesep="\r\n"))
    mail["From"] = composing._address("From", *sender)
    mail["To"] = composing._address("To", *recipient)
    mail["Subject"] = composing._words("Subject", content.subject)
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = identity
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(content.text, cte="base64")
    mail.add_alternative(content.html, subtype="html", cte="base64")
    for image in inline:
        html: Any = mail.get_payload()[1]  # type: ignore[index]
        name = composing._file_name(image.name)
        html.add_related(image.data, *_kind(name), cid=f"<{image.cid}>", filename=name, disposition="inline")
    for attached in attachments:
        name = composing._file_name(attached.name)
        mail.add_attachment(attached.data, *_kind(name), filename=name)
    seed = hashlib.sha256(identity.encode()).hexdigest()[:24]
    for i, part in enumerate(p for p in mail.walk() if p.is_multipart()):
        part.set_boundary(f"=_{seed}_{i}")
    return mail.as_bytes()


def _kind(name: str) -> tuple[str, str]:
    suffix = PurePosixPath(name).suffix.lower()
    known = composing._TYPES.get(suffix) or mimetypes.guess_type(f"x{suffix}")[0]
    main, _, sub = (known or "application/octet-stream").partition("/")
    return main, sub


NAMES = st.one_of(
    st.sampled_from(["季报.xlsx", "通报.docx", "图.png", "a b.csv", 'a"b\\c;d.pdf', "", ".png", "长" * 90 + ".xlsx"]),
    st.text(max_size=20).map(lambda text: composing._file_name(text) + ".xlsx"),
)  # fmt: skip
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
DATA = st.one_of(st.binary(max_size=200), st.sampled_from([b"", b"x" * 57, b"x" * 58, bytes(range(256)) * 9]))


@settings(deadline=None)
@given(
    st.builds(Content, WORDS, WORDS, WORDS),
    WORDS,
    st.lists(st.builds(Attachment, NAMES, DATA), max_size=2),
    st.lists(st.builds(InlineImage, st.sampled_from(["chart", "map"]), NAMES, DATA), max_size=2),
)
def test_bytes_are_those_of_the_long_way(
    content: Content, name: str, attachments: list[Attachment], inline: list[InlineImage]
) -> None:
    identity = composing.message_id(name, "meizhou.example")
    letter = (("统筹组", "office@meizhou.example"), (name, "clerk@meizhou.example"), identity, NOW)
    assert compose(content, *letter, attachments, inline) == long_way(content, *letter, attachments, inline)


@pytest.mark.parametrize("identity", ["<a@b>\r\nBcc: x@evil.example", "<甲@b>"])
def test_no_header_opens_another(identity: str) -> None:
    content = Content("主题\r\nBcc: y@evil.example", "<p>正文</p>", "正文")
    people = ("统筹组\nBcc: z@evil.example", "office@meizhou.example"), ("张三", "clerk@meizhou.example")
    try:
        eml = compose(content, *people, identity, NOW, [Attachment("表\r\nBcc: a@evil.example", b"")])
    except ValueError:
        return  # not ASCII: no header at all
    assert not any(line.startswith(b"Bcc") for line in eml.splitlines())
