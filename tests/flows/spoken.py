"""Everything a home shows to people, as text by place: to look for words of another language in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from io import BytesIO
from pathlib import Path

import duckdb
from openpyxl import load_workbook

IDEOGRAPH = re.compile("[\u3001-\u9fff\uff01-\uff65]")
_FINDINGS = "SELECT DISTINCT sheet || ' ' || message FROM mart.finding"


def texts(home: Path) -> Iterator[tuple[str, str]]:
    """(place, text) of every mail with its attachments, page, report, workbook and finding under ``home``."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.relative_to(home).parts[0] in (
            "outbox",
            "reports",
            "site",
            "workbooks",
            "returned",
        ):
            yield from _file(str(path.relative_to(home)), path.name, path.read_bytes())
    with duckdb.connect(str(home / "warehouse.snapshot.duckdb"), read_only=True) as con:
        for (text,) in con.execute(_FINDINGS).fetchall():
            yield "mart.finding", text


def _file(place: str, name: str, body: bytes) -> Iterator[tuple[str, str]]:
    yield f"{place} (name)", name
    kind = name.rpartition(".")[2]
    if kind == "eml":
        yield from _mail(place, body)
    elif kind == "xlsx":
        yield place, "\n".join(_workbook(body))
    elif kind == "docx":
        with zipfile.ZipFile(BytesIO(body)) as package:
            yield place, unescape(re.sub("<[^>]*>", "", package.read("word/document.xml").decode()))
    elif kind == "pdf":
        if shutil.which("pdftotext"):
            done = subprocess.run(["pdftotext", "-", "-"], input=body, capture_output=True, check=True)
            yield place, done.stdout.decode()
    elif kind in ("html", "txt", "svg"):
        # Styles name Chinese fonts and explain themselves; nobody reads them on the page.
        text = re.sub(r"<style.*?</style>|<!--.*?-->", "", body.decode(), flags=re.S)
        # data-h heads a cell on a phone; the other data- attributes are the program's own keys.
        text = re.sub(r' data-(?!h=)[\w-]+="[^"]*"', "", text)
        yield place, unescape(text)
    elif kind == "json":
        yield place, body.decode()


def _mail(place: str, body: bytes) -> Iterator[tuple[str, str]]:
    mail = message_from_bytes(body, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    yield f"{place} (head)", f"{mail['subject']} {mail['from']} {mail['to']}"
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            yield from _file(
                place,
                "body.html" if part.get_content_subtype() == "html" else "body.txt",
                part.get_content().encode(),
            )
        elif (name := part.get_filename()) and not name.endswith(".png"):
            yield from _file(f"{place}/{name}", name, part.get_payload(decode=True))


def _workbook(body: bytes) -> Iterator[str]:
    for sheet in load_workbook(BytesIO(body)).worksheets:
        yield sheet.title
        for row in sheet.iter_rows():
            for cell in row:
                yield "" if cell.value is None else str(cell.value)
                if cell.comment is not None:
                    yield f"{cell.comment.author} {cell.comment.text}"
        for rule in sheet.data_validations.dataValidation:
            yield f"{rule.promptTitle} {rule.prompt} {rule.errorTitle} {rule.error} {rule.formula1}"
        yield f"{sheet.oddFooter.center.text}"
