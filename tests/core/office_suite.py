"""LibreOffice as the clerks' other office program; tests that need it are skipped where it is absent."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SOFFICE = shutil.which("soffice")
needs_office = pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed")
FILTERS = {"xlsx": "xlsx:Calc MS Excel 2007 XML", "xls": "xls:MS Excel 97", "ods": "ods"}


def saved_as(body: bytes, suffix: str, to: str, folder: Path) -> bytes:
    """``body`` opened and saved by LibreOffice in another format."""
    source = folder / f"source.{suffix}"
    source.write_bytes(body)
    out = folder / to
    out.mkdir(exist_ok=True)
    subprocess.run(
        [
            str(SOFFICE), f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to",
            FILTERS.get(to, to), "--outdir", str(out), str(source),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    (made,) = out.glob(f"source.{to.split(':', maxsplit=1)[0]}")
    return made.read_bytes()
