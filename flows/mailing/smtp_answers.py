"""What an SMTP server's answer or a broken session means for one mail.

Belongs here: codes, errors, the words people read, what must not be in them. Does not: sockets (flows.mailing.transport).
"""

from __future__ import annotations

import base64
import re
import ssl
from dataclasses import dataclass

from warehouse.ledger import Outcome

_AUTH_CODES = (530, 534, 535, 538)
_STORE_FULL = re.compile(
    r"4\d\d 4\.3\.1\b"
)  # 4.2.2 would be one full mailbox, which must not hold up the others
_TOO_LARGE = 552  # the one refusal of MAIL FROM that is about the mail, not about us


@dataclass(frozen=True)
class Attempt:
    outcome: Outcome
    code: int | None  # SMTP code when the server gave one
    text: str  # one Chinese line with the server's words, no secret


def login_failed(error: Exception) -> Attempt:
    """Connecting, TLS or login failed: never the mail's fault."""
    code, text = _code_of(error), _words(error)
    if code in _AUTH_CODES:
        return Attempt(Outcome.AUTH, code, f"邮件服务器不接受登录：{text}")
    if isinstance(
        error, UnicodeEncodeError
    ):  # SMTP logins are ASCII here; the error object holds the password
        return Attempt(Outcome.AUTH, None, "邮件用户名或密码含有非 ASCII 字符，无法登录")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Attempt(Outcome.CHANNEL, None, f"邮件服务器的证书不可信：{error.verify_message}")
    return Attempt(Outcome.CHANNEL, code, f"连不上邮件服务器：{text}")


def mail_failed(error: Exception, recipient: str, handed_over: bool) -> Attempt:
    """The session broke or refused during one mail; ``handed_over`` when bytes of the letter itself had left."""
    refused = getattr(error, "recipients", None)
    if isinstance(refused, dict) and refused:
        return by_code(*refused.get(recipient, next(iter(refused.values()))))
    code = _code_of(error)
    if code is not None and hasattr(error, "sender") and code >= 500 and code != _TOO_LARGE:
        return Attempt(Outcome.AUTH, code, f"邮件服务器不接受发件地址：{_words(error)}")
    if code is not None and 400 <= code < 600:
        return by_code(code, getattr(error, "smtp_error", b""))
    if handed_over:
        return Attempt(Outcome.UNSURE, None, f"正文交出后连接中断，不知是否送达：{_words(error)}")
    if isinstance(error, (ValueError, UnicodeError)) and not isinstance(error, OSError):
        return Attempt(Outcome.REJECTED, None, f"邮件本身无法发送：{_words(error)}")
    return Attempt(Outcome.CHANNEL, None, f"与邮件服务器的连接中断：{_words(error)}")


def by_code(code: int, words: bytes | str) -> Attempt:
    """A refusal with its SMTP code."""
    text = f"{code} {_plain(words)}".strip()
    if code in _AUTH_CODES:
        return Attempt(Outcome.AUTH, code, f"邮件服务器要求登录：{text}")
    if _STORE_FULL.match(text):
        # The server's disk, not this mail: it waits without using up its attempts.
        return Attempt(Outcome.CHANNEL, code, f"邮件服务器存不下邮件：{text}")
    if 400 <= code < 500:
        return Attempt(Outcome.REJECTED_TEMPORARY, code, f"邮件服务器暂不接受：{text}")
    return Attempt(Outcome.REJECTED, code, f"邮件服务器拒收：{text}")


def _code_of(error: Exception) -> int | None:
    code = getattr(error, "smtp_code", None)
    return code if isinstance(code, int) and code > 0 else None


def _words(error: Exception) -> str:
    code = _code_of(error)
    if code is not None:
        return f"{code} {_plain(getattr(error, 'smtp_error', b''))}".strip()
    return _plain(str(error)) or type(error).__name__


def _plain(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


def spellings(user: str, password: str | None) -> tuple[str, ...]:
    """The password and its SMTP encodings: a server could quote what it was sent."""
    if not password:
        return ()
    plain = f"\0{user}\0{password}".encode()
    return (base64.b64encode(plain).decode(), base64.b64encode(password.encode()).decode(), password)
