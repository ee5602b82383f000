"""Looking into a zip-based workbook without trusting a word of it, before any reader sees it.

Every member is inflated under limits, so sizes and CRCs are measured, not believed. The inflated XML is
kept for the second look of :mod:`warehouse.intake.xlsx`.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from warehouse.intake.reading import HeldReason

# Limits of 2026-11: a filled template is 20 KB with 15 members; a city's largest stays below 2 MB.
MAX_MEMBERS = 2000
MAX_MEMBER_BYTES = 48 << 20
MAX_TOTAL_BYTES = 96 << 20
MAX_RATIO = 200  # sheets of repeated text reach 30
RATIO_FROM_BYTES = 1 << 20
MAX_ROW = 20_000
MAX_COLUMN = 702  # ZZ
MAX_CELLS = 400_000
MAX_STRING_BYTES = 8 << 20
MAX_SPREAD_BYTES = 128 << 20  # shared strings as cells repeat them

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s4B4HL2L5H2L")
_ADDRESS = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,4})([0-9]{1,10})["']""")
_FEW_ROWS = 2000
_FAR = re.compile(rb' r="(?:[A-Za-z]{3}|[A-Za-z]{0,2}(?:[2-9][0-9]{3}|[0-9]{5}))')  # AAA on, row 2,000 on
_REPEAT = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["']([0-9]{1,12})["']""")
_EXTERNAL = re.compile(rb"""<[^>]*TargetMode\s*=\s*["']External["'][^>]*>""", re.IGNORECASE)
_ACTIVE_NAMES = re.compile(
    r"(vbaproject|vbadata|macrosheets/|dialogsheets/|activex/|externallinks/|embeddings/|connections\.xml"
    r"|querytables/|customui|ctrlprops/|^basic/|^scripts/|^dialogs/|^object )",
    re.IGNORECASE,
)


class Held(Exception):
    """The file may not be read; carries the reason for the caller's Reading."""

    def __init__(self, reason: HeldReason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


@dataclass
class Package:
    """A scanned file: its kind (xlsx, xlsm, ods, xlsb, "") and the inflated XML by member name."""

    kind: str = ""
    parts: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _Member:
    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


def scan(data: bytes) -> Package:
    """Measures every member of the zip in ``data``.

    Raises :class:`Held`: DAMAGED (truncated, CRC, overlapping), BOMB, ENCRYPTED, ACTIVE_CONTENT.
    """
    package, total, spans = Package(), 0, []
    seen: set[str] = set()
    for member in _members(data):
        _check_name(member, seen)
        start = _data_start(data, member)
        spans.append((member.offset, start + member.packed))
        content = _inflate(data, start, member, MAX_TOTAL_BYTES - total)
        total += len(content)
        lower = member.name.lower()
        if lower.endswith((".xml", ".rels", ".vml")):
            _check_xml(member.name, content)
            package.parts[member.name] = content
        elif lower == "mimetype":
            package.parts[member.name] = content
    spans.sort()
    if any(a[1] > b[0] for a, b in zip(spans, spans[1:], strict=False)):
        raise Held(HeldReason.BOMB, "压缩成员相互重叠")
    package.kind = _kind(package.parts, seen)
    _check_cells(package)
    return package


def _members(data: bytes) -> Iterator[_Member]:
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - 65_557))
    if at < 0 or at + _END.size > len(data):
        raise Held(HeldReason.DAMAGED, "压缩包不完整")
    _, disk, first, here, count, length, offset, comment = _END.unpack_from(data, at)
    if disk or first or here != count or at + _END.size + comment != len(data) or offset + length != at:
        raise Held(HeldReason.DAMAGED, "压缩包目录不完整")
    if count > MAX_MEMBERS:
        raise Held(HeldReason.BOMB, f"成员{count}个")
    for _ in range(count):
        if offset + _CENTRAL.size > at or data[offset : offset + 4] != b"PK\x01\x02":
            raise Held(HeldReason.DAMAGED, "压缩包目录损坏")
        head = _CENTRAL.unpack_from(data, offset)
        flags, method, crc, packed, size = head[5], head[6], head[9], head[10], head[11]
        name_length, extra, remark, local = head[12], head[13], head[14], head[18]
        raw = data[offset + _CENTRAL.size : offset + _CENTRAL.size + name_length]
        try:
            name = raw.decode("utf-8" if flags & 0x800 else "ascii")
        except UnicodeDecodeError:
            name = raw.decode("latin-1")
        yield _Member(name, flags, method, crc, packed, size, local)
        offset += _CENTRAL.size + name_length + extra + remark
    if offset != at:
        raise Held(HeldReason.DAMAGED, "压缩包目录长度不符")


def _check_name(member: _Member, seen: set[str]) -> None:
    name = member.name
    if member.flags & 0x2041:
        raise Held(HeldReason.ENCRYPTED, "压缩成员加密")
    if "\\" in name or "\0" in name or name.startswith("/") or ":" in name or ".." in name.split("/"):
        raise Held(HeldReason.DAMAGED, "成员路径不合法")
    if name.lower() in seen:
        raise Held(HeldReason.DAMAGED, "成员重名")
    seen.add(name.lower())
    if _ACTIVE_NAMES.search(name):
        raise Held(HeldReason.ACTIVE_CONTENT, name.rsplit("/", 1)[-1][:60] or name[:60])
    if 0xFFFFFFFF in (member.packed, member.size, member.offset):
        raise Held(HeldReason.BOMB, "zip64")
    if member.method not in (0, 8):
        raise Held(HeldReason.DAMAGED, "压缩方法不支持")


def _data_start(data: bytes, member: _Member) -> int:
    at = member.offset
    if data[at : at + 4] != b"PK\x03\x04" or at + 30 > len(data):
        raise Held(HeldReason.DAMAGED, "成员头损坏")
    name_length, extra = struct.unpack_from("<2H", data, at + 26)
    # A reader that trusts local headers must find the member we have checked.
    if (
        data[at + 30 : at + 30 + name_length].decode("utf-8", "replace") != member.name
        and member.name.isascii()
    ):
        raise Held(HeldReason.DAMAGED, "成员名前后不符")
    start = at + 30 + int(name_length) + int(extra)
    if start + member.packed > len(data):
        raise Held(HeldReason.DAMAGED, "成员不完整")
    return start


def _inflate(data: bytes, start: int, member: _Member, allowance: int) -> bytes:
    packed = memoryview(data)[start : start + member.packed]
    limit = min(MAX_MEMBER_BYTES, allowance, max(RATIO_FROM_BYTES, member.packed * MAX_RATIO))
    if member.method == 0:
        content = bytes(packed)
    else:
        unpacker = zlib.decompressobj(-15)
        try:
            content = unpacker.decompress(packed, limit + 1)
        except zlib.error as error:
            raise Held(HeldReason.DAMAGED, "压缩数据损坏") from error
        if len(content) <= limit and (not unpacker.eof or unpacker.unused_data):
            raise Held(HeldReason.DAMAGED, "压缩数据不完整")
    if len(content) > limit:
        raise Held(HeldReason.BOMB, "展开后过大")
    if len(content) != member.size:
        raise Held(HeldReason.DAMAGED, "成员大小与声明不符")
    if zlib.crc32(content) != member.crc:
        raise Held(HeldReason.DAMAGED, "成员校验和不符")
    return content


def _check_xml(name: str, content: bytes) -> None:
    if b"\0" in content[:64]:  # UTF-16 would hide what is looked for below; no office program writes it
        raise Held(HeldReason.DAMAGED, "XML编码不支持")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Held(HeldReason.ACTIVE_CONTENT, "DOCTYPE")
    if name.endswith(".rels"):
        for tag in _EXTERNAL.findall(content):
            if b"/hyperlink" not in tag:
                raise Held(HeldReason.ACTIVE_CONTENT, "外部链接")
    elif name == "META-INF/manifest.xml" and b"encryption-data" in content:
        raise Held(HeldReason.ENCRYPTED)


def _kind(parts: dict[str, bytes], names: set[str]) -> str:
    types = parts.get("[Content_Types].xml", b"")
    if "xl/workbook.xml" in names or b"spreadsheetml.sheet.main" in types:
        return "xlsx"
    if b"sheet.macroEnabled.main" in types:
        return "xlsm"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if parts.get("mimetype", b"").startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        return "ods"
    return ""


def _check_cells(package: Package) -> None:
    cells = 0
    for name, content in package.parts.items():
        if package.kind == "ods":
            if name == "content.xml":
                _check_repeats(content)
            continue
        if b"sheetData" not in content:
            continue
        cells += _check_sheet(content)
        if cells > MAX_CELLS:
            raise Held(HeldReason.BOMB, "单元格过多")
    if package.kind in ("xlsx", "xlsm"):
        strings = next((c for n, c in package.parts.items() if n.lower().endswith("sharedstrings.xml")), b"")
        if len(strings) > MAX_STRING_BYTES:
            raise Held(HeldReason.BOMB, "共享字符串过大")
        if len(strings) * cells > MAX_SPREAD_BYTES:
            longest = max(map(len, strings.split(b"</si>")))
            if longest * cells > MAX_SPREAD_BYTES:
                raise Held(HeldReason.BOMB, "共享字符串过大")


def _check_sheet(content: bytes) -> int:
    """Cells of one sheet; rows and cells without an address count as one further each."""
    rows = content.count(b"<row") + content.count(b":row ") + content.count(b":row>")
    cells = content.count(b"<c ") + content.count(b"<c>") + content.count(b"<c/>") + content.count(b":c ")
    if rows > MAX_ROW:
        raise Held(HeldReason.BOMB, f"{rows}行")
    # The common spelling needs one search for far addresses only; everything else is looked at cell by cell.
    if rows < _FEW_ROWS and content.count(b' r="') >= rows + cells and not _FAR.search(content):
        return cells
    found = _ADDRESS.findall(content)
    last = max((int(row) for _, row in found), default=0)
    widest = max((letters.upper().rjust(4) for letters in {column for column, _ in found}), default=b"")
    if last > MAX_ROW:
        raise Held(HeldReason.BOMB, f"第{last}行")
    if _column(widest) > MAX_COLUMN:
        raise Held(HeldReason.BOMB, f"{widest.decode().strip()}列")
    # Readers allocate the whole rectangle, filled or not.
    if last * _column(widest) > 4 * MAX_CELLS:
        raise Held(HeldReason.BOMB, "区域过大")
    return cells


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.strip():
        number = number * 26 + letter - 64
    return number


def _check_repeats(content: bytes) -> None:
    # Office writes one closing repeat over the rest of the sheet for each table; more is an attack.
    tables = content.count(b"<table:table ")
    far = sum(int(n) > MAX_ROW for n in _REPEAT.findall(content))
    if far > 2 * tables + 2:
        raise Held(HeldReason.BOMB, "重复行过多")
