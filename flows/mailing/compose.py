"""A letter as bytes: pure ASCII on the wire, the same bytes for the same letter.

Belongs here: headers, MIME structure, addresses. Does not: wording (templates/mail), sending
(flows.mailing.transport). The bytes are those of the stdlib's EmailMessage, written at once: building its
objects and flattening them took nine tenths of composing (a test holds the two together).
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import Message
from email.utils import format_datetime
from functools import lru_cache
from itertools import count
from pathlib import PurePosixPath
from typing import Protocol

# \Z, not $: "a@b.cn\n" would pass and open a second header line.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}\Z"
)
# Line breaks (U+0085 and U+2028/9 too), controls, and marks that reorder or hide what a person reads.
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_LINE = 76  # characters of base64 a line
_BYTES_TYPE = "application/octet-stream"
_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class AddressError(ValueError):
    """The address cannot stand in a header; the Chinese message names it."""


class Content(Protocol):
    """What :class:`templates.render.MailContent` offers."""

    @property
    def subject(self) -> str: ...
    @property
    def html(self) -> str: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True)
class Attachment:
    name: str  # file name as people see it, may be Chinese
    data: bytes


@dataclass(frozen=True)
class InlineImage:
    cid: str  # the HTML says <img src="cid:...">
    name: str
    data: bytes


def check_address(address: str) -> str:
    """The address itself.

    :raises AddressError: not plain ASCII local@domain, or longer than 254 characters
    """
    if len(address) > 254 or not _ADDRESS.match(address):
        raise AddressError(f"邮件地址不合规：{address!r}")
    return address


def message_id(dedupe_key: str, domain: str) -> str:
    """``<hash@domain>``: one letter, one Message-ID, however often it is composed or sent."""
    return f"<{hashlib.sha256(dedupe_key.encode()).hexdigest()[:40]}@{domain}>"


def header_text(text: str) -> str:
    """One line without controls and direction marks, fit for a header."""
    return _HIDDEN.sub("", _BREAKS.sub(" ", text)).strip()


def compose(
    content: Content, sender: tuple[str, str], recipient: tuple[str, str], message_id: str, date: datetime,
    attachments: Sequence[Attachment] = (), inline: Sequence[InlineImage] = (), *, automatic: bool = True,
) -> bytes:  # fmt: skip
    """The finished message with CRLF line ends, ASCII only.

    :param sender: name and address; ``recipient`` likewise
    :param date: aware; becomes the Date header
    :param automatic: marks the mail so that out-of-office programs do not answer it
    :raises AddressError: one of the two addresses is not usable
    """
    head = [
        _header("From", _address("From", *sender)),
        _header("To", _address("To", *recipient)),
        _header("Subject", _words("Subject", content.subject)),
        _header("Date", format_datetime(date)),
        _header("Message-ID", header_text(message_id)),
    ]
    if automatic:
        head += [_header("Auto-Submitted", "auto-generated"), _header("X-Auto-Response-Suppress", "All")]
    # Random boundaries would make two compositions of one letter differ.
    seed = hashlib.sha256(message_id.encode()).hexdigest()[:24]
    boundaries = (f"=_{seed}_{i}" for i in count())
    outer, inner = next(boundaries) if attachments else "", next(boundaries)
    if inline:
        images = [_file(i.name, i.data, "inline", _header("Content-ID", f"<{i.cid}>")) for i in inline]
        html = _VERSION + _multipart(
            "related", next(boundaries), [_words_part("html", content.html), *images]
        )
    else:
        html = _words_part("html", content.html, _VERSION)
    body = _multipart("alternative", inner, [_words_part("plain", content.text), html])
    if attachments:
        body = _multipart("mixed", outer, [body, *(_file(a.name, a.data, "attachment") for a in attachments)])
    return "".join([*head, _VERSION, body]).encode("ascii")


def _header(name: str, value: str) -> str:
    """:raises ValueError: not one encoded line, folded or not"""
    unfolded = value.replace("\r\n ", "")
    if "\r" in unfolded or "\n" in unfolded or not value.isascii():
        raise ValueError(f"header {name} is not one encoded line: {value!r}")
    return f"{name}: {value}\r\n"


_VERSION = _header("MIME-Version", "1.0")


def _multipart(kind: str, boundary: str, parts: Sequence[str]) -> str:
    head = _header("Content-Type", f'multipart/{kind}; boundary="{boundary}"')
    between = f"\r\n--{boundary}\r\n"
    return f"{head}{between}{between.join(parts)}\r\n--{boundary}--\r\n"


def _words_part(kind: str, text: str, further: str = "") -> str:
    lines = text.encode().splitlines() or [b""]
    return _part(f'text/{kind}; charset="utf-8"', b"\r\n".join([*lines, b""]), further)


def _file(name: str, data: bytes, disposition: str, further: str = "") -> str:
    named = Message()
    named.add_header("Content-Disposition", disposition, filename=_file_name(name))
    shown = _header("Content-Disposition", named["Content-Disposition"])
    return _part(_kind(name), data, shown + further + _VERSION)


def _part(kind: str, data: bytes, further: str) -> str:
    encoded = b2a_base64(data, newline=False).decode("ascii")
    lines = "".join(f"{encoded[i : i + _LINE]}\r\n" for i in range(0, len(encoded), _LINE))
    encoding = _header("Content-Transfer-Encoding", "base64")
    return f"{_header('Content-Type', kind)}{encoding}{further}\r\n{lines}"


def _words(header: str, text: str) -> str:
    """RFC 2047, folded."""
    line = header_text(text)
    charset = "us-ascii" if line.isascii() and "=?" not in line else "utf-8"
    return Header(line, charset, header_name=header).encode(linesep="\r\n")


@lru_cache(maxsize=10_000)
def _address(header: str, name: str, address: str) -> str:
    check_address(address)
    shown = header_text(name)
    if not shown:
        return address
    # Encoded words need no quoting; a plain name might ("Li, Wei"), so it is encoded too.
    encoded = Header(shown, "utf-8", header_name=header).encode(linesep="\r\n")
    return f"{encoded}\r\n <{address}>"


def _file_name(name: str) -> str:
    return re.sub(r'[/\\:*?"<>|]', "_", header_text(name)) or "附件"


def _kind(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    kind = _TYPES.get(suffix) or mimetypes.guess_type(f"x{suffix}")[0] or _BYTES_TYPE
    return kind if kind.partition("/")[0] != "multipart" else _BYTES_TYPE
