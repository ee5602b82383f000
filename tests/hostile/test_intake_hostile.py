"""Attacks on intake: each is held with a reason, the others are read, the parent lives, nothing else is touched."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from pathlib import Path

import pytest
import xlsxwriter

from warehouse.intake import Limits, read_batch
from warehouse.intake.guard import Refusal, admit, display_name
from warehouse.intake.reading import HeldReason, Landing, Reading
from warehouse.intake.words import FIGURE_HEADER

CORPORA = Path(__file__).parents[2].parent / "shared" / "corpora"
DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
XXE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def good(value: float = 5) -> bytes:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = made.add_worksheet("填报表")
    sheet.write_row(3, 0, FIGURE_HEADER)
    sheet.write_row(4, 0, ["I-01", "名称", "亿元", "口径", "目标", "", value])
    sheet.write_row(5, 0, ["填报行数", 1])
    made.close()
    return out.getvalue()


def parts() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(good())) as source:
        return {n: source.read(n) for n in source.namelist()}


def pack(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return out.getvalue()


SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def changed(name: str, old: bytes, new: bytes) -> bytes:
    members = parts()
    assert old in members[name]
    return pack({**members, name: members[name].replace(old, new, 1)})


def far_cell() -> bytes:
    return changed(
        SHEET, b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )


def row_bomb() -> bytes:
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(7, 300_000))
    return changed(SHEET, b"</sheetData>", rows + b"</sheetData>")


def addressless_bomb() -> bytes:
    return changed(SHEET, b"</sheetData>", b"<row><c><v>1</v></c></row>" * 300_000 + b"</sheetData>")


def padding_bomb() -> bytes:
    return changed(SHEET, b"</sheetData>", b" " * (200 << 20) + b"</sheetData>")


def string_bomb() -> bytes:
    members = parts()
    members[STRINGS] = members[STRINGS].replace(
        b"</sst>", b"<si><t>" + os.urandom(3 << 20).hex().encode() + b"</t></si></sst>"
    )
    cells = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(7, 10_000))
    members[SHEET] = members[SHEET].replace(b"</sheetData>", cells + b"</sheetData>")
    return pack(members)


def lying_size(declared: int) -> bytes:
    whole = bytearray(good())
    with zipfile.ZipFile(io.BytesIO(bytes(whole))) as source:
        start = source.start_dir
    whole[start + 24 : start + 28] = declared.to_bytes(4, "little")
    return bytes(whole)


def bad_crc() -> bytes:
    members = parts()
    whole = pack(members)
    crc = zlib.crc32(members[SHEET]).to_bytes(4, "little")
    return whole.replace(crc, b"\1\2\3\4")


def duplicate() -> bytes:
    out = io.BytesIO(good())
    with zipfile.ZipFile(out, "a") as target, pytest.warns(UserWarning):
        target.writestr(SHEET, b"<x/>")
    return out.getvalue()


def encrypted_member() -> bytes:
    whole = bytearray(good())
    with zipfile.ZipFile(io.BytesIO(bytes(whole))) as source:
        whole[source.start_dir + 8] |= 1
    return bytes(whole)


def external_link() -> bytes:
    rels = (
        b'<Relationships><Relationship Id="rId9" Type="x/externalLinkPath" Target="file:///c:/x.xlsx" '
        b'TargetMode="External"/></Relationships>'
    )
    return pack({**parts(), "xl/worksheets/_rels/sheet1.xml.rels": rels})


CONTENTS = {
    "far cell": (far_cell, HeldReason.BOMB),
    "row bomb": (row_bomb, HeldReason.BOMB),
    "rows without addresses": (addressless_bomb, HeldReason.BOMB),
    "padding bomb": (padding_bomb, HeldReason.BOMB),
    "shared string bomb": (string_bomb, HeldReason.BOMB),
    "60,000 parts": (lambda: pack({**parts(), **{f"x{n}": b"" for n in range(60_000)}}), HeldReason.BOMB),
    "size said too small": (lambda: lying_size(10), HeldReason.DAMAGED),
    "size said too large": (lambda: lying_size(1 << 30), HeldReason.DAMAGED),
    "bad CRC": (bad_crc, HeldReason.DAMAGED),
    "billion laughs": (
        lambda: pack({**parts(), STRINGS: DOCTYPE + b"<sst>&b;</sst>"}),
        HeldReason.ACTIVE_CONTENT,
    ),
    "XXE": (lambda: pack({**parts(), STRINGS: XXE + b"<sst>&a;</sst>"}), HeldReason.ACTIVE_CONTENT),
    "climbing member": (lambda: pack({**parts(), "../../evil.xml": b"<x/>"}), HeldReason.DAMAGED),
    "absolute member": (lambda: pack({**parts(), "/etc/evil.xml": b"<x/>"}), HeldReason.DAMAGED),
    "duplicate member": (duplicate, HeldReason.DAMAGED),
    "encrypted member": (encrypted_member, HeldReason.ENCRYPTED),
    "encrypted workbook": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
        HeldReason.ENCRYPTED,
    ),
    "macro": (lambda: pack({**parts(), "xl/vbaProject.bin": b"x"}), HeldReason.ACTIVE_CONTENT),
    "external link": (external_link, HeldReason.ACTIVE_CONTENT),
    "renamed exe": (lambda: b"MZ\x90\x00" + bytes(2000), HeldReason.UNKNOWN_KIND),
    "other zip": (lambda: pack({"a.txt": b"x"}), HeldReason.UNKNOWN_KIND),
    "random bytes": (lambda: b"\x00" + os.urandom(5000), HeldReason.UNKNOWN_KIND),
    "page named xls": (lambda: b"<html><table><tr><td>1</td></tr></table></html>", HeldReason.UNKNOWN_KIND),
    "no encoding": (lambda: "指标编码".encode() + b"\xff\xff\x80x", HeldReason.BAD_ENCODING),
}


def land(folder: Path, contents: list[bytes]) -> list[Landing]:
    inbox, landing = folder / "inbox", folder / "landing"
    inbox.mkdir(exist_ok=True)
    landing.mkdir(exist_ok=True)
    copies = []
    for number, content in enumerate(contents):
        path = inbox / f"{number}.xlsx"
        path.write_bytes(content)
        copy = admit(path, "SWJ", landing, Limits())
        assert isinstance(copy, Landing), copy
        copies.append(copy)
    return copies


def test_every_hostile_content_is_held_and_the_good_ones_are_read(tmp_path: Path) -> None:
    made = [make() for make, _ in CONTENTS.values()]
    contents = [good(1), *made[: len(made) // 2], good(2), *made[len(made) // 2 :], good(3)]
    copies = land(tmp_path, contents)
    by_hash = {r.sha256: r for r in read_batch(copies, {"I-01": "亿元"}, Limits())}
    readings = [by_hash[c.sha256] for c in copies]
    ours = [r for r in readings if r.held is None]
    assert [r.rows[0][9] for r in ours] == [1.0, 2.0, 3.0]
    held = [r for r in readings if r.held is not None]
    assert {
        n: (r.held, r.held_detail) for n, r in zip(CONTENTS, held, strict=True) if r.held != CONTENTS[n][1]
    } == {}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["inbox", "landing"]


def test_only_the_culprit_of_a_dead_process_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that aborts as soon as it meets one content, put in front of the real one by the path."""
    monkeypatch.setattr("warehouse.intake.batch._START", _ABORTING)
    copies = land(tmp_path, [good(1), good(2), b"ABORT", good(3), b"ABORT again", b"HANG", b"EAT", good(4)])
    readings = read_batch(copies, {}, Limits(memory_mb=512, cpu_seconds=2, wall_seconds=3))
    crashed = HeldReason.CRASHED
    assert [r.held for r in readings] == [None, None, crashed, None, crashed, crashed, crashed, None]
    assert [r.rows[0][9] for r in readings if not r.held] == [1.0, 2.0, 3.0, 4.0]


_ABORTING = """
import os, time
from warehouse.intake import child
real = child.read_one
def read_one(path, *rest):
    data = path.read_bytes()
    if data.startswith(b"ABORT"): os.abort()
    if data.startswith(b"HANG"): time.sleep(60)
    if data.startswith(b"EAT"): bytearray(2 << 30)
    return real(path, *rest)
child.read_one = read_one
child.main()
"""


def refused(folder: Path, path: bytes | Path) -> Refusal:
    landing = folder / "landing"
    landing.mkdir(exist_ok=True)
    copy = admit(path, "SWJ", landing, Limits())
    assert isinstance(copy, Refusal), copy
    assert list(landing.iterdir()) == []
    return copy


def test_entries_that_are_no_plain_files_are_refused_unread(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xlsx"
    secret.write_bytes(good())
    (tmp_path / "link.xlsx").symlink_to(secret)
    assert refused(tmp_path, tmp_path / "link.xlsx").reason is HeldReason.NOT_REGULAR
    (tmp_path / "hard.xlsx").hardlink_to(secret)
    assert refused(tmp_path, tmp_path / "hard.xlsx").reason is HeldReason.NOT_REGULAR
    os.mkfifo(tmp_path / "pipe.xlsx")
    assert refused(tmp_path, tmp_path / "pipe.xlsx").reason is HeldReason.NOT_REGULAR
    (tmp_path / "folder.xlsx").mkdir()
    assert refused(tmp_path, tmp_path / "folder.xlsx").reason is HeldReason.NOT_REGULAR
    assert refused(tmp_path, Path("/dev/zero")).reason is HeldReason.NOT_REGULAR


def test_sizes(tmp_path: Path) -> None:
    (tmp_path / "empty.xlsx").write_bytes(b"")
    assert refused(tmp_path, tmp_path / "empty.xlsx").reason is HeldReason.EMPTY
    with (tmp_path / "sparse.xlsx").open("wb") as sparse:
        sparse.truncate(1 << 30)
    assert refused(tmp_path, tmp_path / "sparse.xlsx").reason is HeldReason.TOO_LARGE
    assert refused(tmp_path, tmp_path / "gone.xlsx").reason is HeldReason.DAMAGED
    assert refused(tmp_path, bytes(tmp_path) + b"/a\0b.xlsx").reason is HeldReason.BAD_NAME
    assert refused(tmp_path, bytes(tmp_path) + b"/" + b"n" * 300).reason is HeldReason.BAD_NAME


@pytest.mark.parametrize(
    "name",
    [b"..xlsx", b"..%2f..%2fetc.xlsx", "市商务局.xlsx".encode("gbk"), b"n" * 250 + b".xlsx", b"*?[a].xlsx", b"\xff\xfe.xlsx",
     "报\u202excod.exe\u202c.xlsx".encode(), b"-rf.xlsx", b"a\nb\x1b[31m.xlsx", b"{{7*7}}.xlsx"],
)  # fmt: skip
def test_no_path_comes_from_a_name(tmp_path: Path, name: bytes) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    raw = bytes(tmp_path) + b"/" + name
    body = good()  # once: a workbook holds the second it was made in
    with open(raw, "wb") as out:  # noqa: PTH123 (a bytes path is the point)
        out.write(body)
    copy = admit(raw, "SWJ", landing, Limits())
    assert isinstance(copy, Landing)
    assert [p.name for p in landing.iterdir()] == [copy.sha256] and copy.path.read_bytes() == body
    assert copy.file_name.isprintable() and len(copy.file_name) <= 120


def test_names_are_shown_in_chinese_without_tricks() -> None:
    assert (
        display_name("市商务局.xlsx".encode("gbk"))
        == display_name("市商务局.xlsx".encode())
        == "市商务局.xlsx"
    )
    assert display_name("a\u202eb\u200f\x07.xlsx".encode()) == "a□b□□.xlsx"


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not beside the repository")
def test_real_files_of_others_never_pass_for_ours(tmp_path: Path) -> None:
    files = sorted(p for p in CORPORA.rglob("*") if p.is_file() and p.name != "INDEX.md")
    landing = tmp_path / "landing"
    landing.mkdir()
    copies = []
    for path in files:
        mine = tmp_path / f"{len(copies)}{path.suffix}"
        mine.write_bytes(path.read_bytes())
        copy = admit(mine, "SWJ", landing, Limits())
        if isinstance(copy, Landing):
            copies.append(copy)
    readings: list[Reading] = read_batch(copies, {}, Limits())
    assert len(readings) == len(copies) > 0
    for reading in readings:
        assert reading.rows == []
        assert reading.held or {p.code for p in reading.problems} == {"header_missing"}
