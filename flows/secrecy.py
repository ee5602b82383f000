"""The secrets this process knows, and taking them out of any text that is written or shown.

Belongs here: where secrets come from. Does not: using them (flows.mailing, flows.service).
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from config.settings import Mail

# By name: what an office may put into the environment. Database addresses may hold a password.
_VARIABLES = (
    "JIBAO_SMTP_PASSWORD",
    "PREFECT_API_AUTH_STRING",
    "PREFECT_SERVER_API_AUTH_STRING",
    "PREFECT_API_KEY",
)
_SHORTEST = 4  # shorter ones would black out ordinary words
MASK = "***"


_files: set[str] = set()  # password files that the configuration of this process named


def learn(mail: Mail) -> None:
    """From now on the password in ``mail.password_file`` is masked too, whatever it is changed to."""
    if mail.password_file:
        _files.add(mail.password_file)


def known_secrets() -> set[str]:
    """Every spelling of every secret: as it is, its password part, base64, URL-quoted."""
    found = {v for name in _VARIABLES if (v := os.environ.get(name))}
    for name in _files:
        try:
            lines = Path(name).read_text("utf-8").splitlines()
        except (OSError, ValueError):
            continue
        found |= {lines[0].strip()} if lines else set()
    found |= {s.partition(":")[2] for s in found if ":" in s}
    plain = {s for s in found if len(s) >= _SHORTEST}
    return plain | {t for s in plain for t in (base64.b64encode(s.encode()).decode(), quote(s, safe=""))}


def redact(text: str, secrets: Iterable[str] | None = None) -> str:
    """``text`` with every secret masked, longest first."""
    for secret in sorted(known_secrets() if secrets is None else secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
