"""One landing copy to one Reading. Runs inside the child process only: nothing here guards against dying."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from warehouse.intake.csv import read_csv
from warehouse.intake.layout import Layout, read_layout
from warehouse.intake.reading import Claim, HeldReason, Reading
from warehouse.intake.versions import migrate
from warehouse.intake.xlsx import read_workbook
from warehouse.intake.zipscan import Held, scan

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN = (
    (b"MZ", "程序"), (b"\x7fELF", "程序"), (b"%PDF", "PDF"), (b"\x89PNG", "图片"), (b"\xff\xd8\xff", "图片"),
    (b"GIF8", "图片"), (b"Rar!", "压缩包"), (b"7z\xbc\xaf", "压缩包"), (b"\x1f\x8b", "压缩包"), (b"#!", "脚本"),
    (b"{\\rtf", "RTF"),
)  # fmt: skip


def read_one(path: Path, sha256: str, file_name: str, unit_labels: Mapping[str, str]) -> Reading:
    """Reads one copy. Held files come back with their reason and nothing else."""
    kind = "unknown"
    try:
        data = path.read_bytes()
        for magic, what in _FOREIGN:
            if data.startswith(magic):
                raise Held(HeldReason.UNKNOWN_KIND, what)
        if data.startswith(b"PK\x03\x04") or data.startswith(b"PK\x05\x06"):
            kind = "xlsx"
            package = scan(data)
            kind = package.kind or "unknown"
            if kind not in ("xlsx", "xlsm", "ods"):
                raise Held(HeldReason.UNKNOWN_KIND, kind if package.kind else "压缩包")
            layout = read_layout(read_workbook(data, package), unit_labels)
        elif data.startswith(_OLE):
            kind = "et" if file_name.lower().endswith(".et") else "xls"
            _check_ole(data)
            layout = read_layout(read_workbook(data, None), unit_labels)
        else:
            kind = "csv"
            layout = read_layout([read_csv(data)], unit_labels, must_end=True)
    except Held as held:
        if held.reason is HeldReason.UNKNOWN_KIND:
            kind = "unknown"
        return Reading(sha256, kind, held.reason, held.detail)
    return _reading(sha256, kind, layout)


def _check_ole(data: bytes) -> None:
    """The old container: its directory names, in UTF-16, tell what is inside."""

    def holds(name: str) -> bool:
        return name.encode("utf-16-le") in data

    if holds("EncryptedPackage") or holds("EncryptionInfo"):
        raise Held(HeldReason.ENCRYPTED)
    if holds("_VBA_PROJECT"):
        raise Held(HeldReason.ACTIVE_CONTENT, "宏")
    if not holds("Workbook") and not holds("Book"):
        raise Held(HeldReason.UNKNOWN_KIND, "不是表格")


def _reading(sha256: str, kind: str, layout: Layout) -> Reading:
    none = Claim()
    version, problems = migrate(layout.meta.get("template_version", ""), layout.problems)
    return Reading(
        sha256,
        kind,
        unit_name=layout.claims.get("unit_name", none),
        unit_code=layout.claims.get("unit_code", none),
        period=layout.claims.get("period", none),
        plan_id=layout.meta.get("plan_id", ""),
        plan_hash=layout.meta.get("plan_hash", ""),
        template_version=version,
        problems=problems,
        rows=layout.rows,
    )
