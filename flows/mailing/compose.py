"""A letter as bytes: stdlib EmailMessage, pure ASCII on the wire, the same bytes for the same letter.

Belongs here: headers, MIME structure, addresses. Does not: wording (templates/mail), sending
(flows.mailing.transport).
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from email.utils import format_datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, Protocol

# \Z, not $: "a@b.cn\n" would pass and open a second header line.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}\Z"
)
# Line breaks (U+0085 and U+2028/9 too), controls, and marks that reorder or hide what a person reads.
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
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
    mail = EmailMessage(policy=_WIRE)
    mail["From"] = _address("From", *sender)
    mail["To"] = _address("To", *recipient)
    mail["Subject"] = _words("Subject", content.subject)
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = header_text(message_id)
    if automatic:
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(content.text, cte="base64")
    mail.add_alternative(content.html, subtype="html", cte="base64")
    if inline:
        html = mail.get_payload()[1]  # type: ignore[index]
        assert isinstance(html, MIMEPart)
        for image in inline:
            main, sub = _kind(image.name)
            html.add_related(
                image.data,
                main,
                sub,
                cid=f"<{image.cid}>",
                filename=_file_name(image.name),
                disposition="inline",
            )
    for attached in attachments:
        main, sub = _kind(attached.name)
        mail.add_attachment(attached.data, main, sub, filename=_file_name(attached.name))
    # Random boundaries would make two compositions of one letter differ.
    seed = hashlib.sha256(message_id.encode()).hexdigest()[:24]
    for i, part in enumerate(p for p in mail.walk() if p.is_multipart()):
        part.set_boundary(f"=_{seed}_{i}")
    return mail.as_bytes()


class _Wire(EmailPolicy):
    """email.policy.SMTP for headers that arrive encoded: parsing and folding them again took 6 of 8 ms a mail."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, str]:
        text = str(value)
        if "\r" in text.replace("\r\n ", "") or "\n" in text.replace("\r\n ", "") or not text.isascii():
            raise ValueError(f"header {name} is not one encoded line: {text!r}")
        return name, text

    def header_max_count(self, name: str) -> None:
        """Each header is set once here; looking its class up for that took a tenth of composing."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value

    def fold_binary(self, name: str, value: str) -> bytes:
        return f"{name}: {value}\r\n".encode("ascii")

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}\r\n"


_WIRE = _Wire(linesep="\r\n")


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


def _kind(name: str) -> tuple[str, str]:
    suffix = PurePosixPath(name).suffix.lower()
    main, _, sub = (_TYPES.get(suffix) or mimetypes.guess_type(f"x{suffix}")[0] or _BYTES_TYPE).partition("/")
    return (main, sub) if main != "multipart" else ("application", "octet-stream")
