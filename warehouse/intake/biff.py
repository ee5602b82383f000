"""The second look into xls and et: number formats, error values and uncalculated formulas, by cell.

Only what calamine does not tell is read here, from the compound file and the records of its workbook
stream ([MS-CFB], [MS-XLS]). What does not parse yields None, and the caller holds the file.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from warehouse.intake.reading import CellState

Looks = dict[str, tuple[dict[tuple[int, int], str], dict[tuple[int, int], tuple[CellState, str]]]]

_END = 0xFFFFFFFA  # from here on sector numbers are marks
_BOF, _EOF, _SHEET, _FORMAT, _XF = 0x0809, 0x000A, 0x0085, 0x041E, 0x00E0
_NUMBER, _RK, _MULRK, _FORMULA, _BOOLERR = 0x0203, 0x027E, 0x00BD, 0x0006, 0x0205
_BIFF8 = 0x0600
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_SHARE_FORMATS = {9, 10}  # built in: 0% and 0.00%


def look(data: bytes) -> Looks | None:
    """By sheet name: formats of share cells and cells without a value, 0-based; None where it is not BIFF8."""
    try:
        stream = _stream(data)
        return _sheets(stream) if stream is not None else None
    except (struct.error, IndexError, UnicodeDecodeError, ValueError):
        return None


def _stream(data: bytes) -> bytes | None:
    """The stream Workbook of a compound file."""
    size = 1 << struct.unpack_from("<H", data, 30)[0]
    small = 1 << struct.unpack_from("<H", data, 32)[0]
    if size not in (512, 4096) or small != 64:
        raise ValueError("sector size")
    count, first, _, cutoff, mini_first, _, more, _ = struct.unpack_from("<8L", data, 44)

    def sector(number: int) -> bytes:
        return data[(number + 1) * size : (number + 2) * size]

    fat_sectors = list(struct.unpack_from("<109L", data, 76))
    while more < _END and len(fat_sectors) < count + size:
        block = struct.unpack(f"<{size // 4}L", sector(more))
        fat_sectors += block[:-1]
        more = block[-1]
    fat = [n for s in fat_sectors[:count] if s < _END for n in struct.unpack(f"<{size // 4}L", sector(s))]

    def chain(start: int, table: list[int]) -> Iterator[int]:
        for _ in range(len(table) + 1):
            if start >= _END:
                return
            yield start
            start = table[start]
        raise ValueError("a chain of sectors has no end")

    def read(start: int) -> bytes:
        return b"".join(map(sector, chain(start, fat)))

    directory = read(first)
    entries: dict[str, tuple[int, int]] = {}
    for at in range(0, len(directory) - 127, 128):
        length = struct.unpack_from("<H", directory, at + 64)[0]
        name = directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        entries.setdefault(name, struct.unpack_from("<2L", directory, at + 116))
    if "Workbook" not in entries:
        return None
    start, length = entries["Workbook"]
    if length >= cutoff:
        return read(start)[:length]
    mini_fat = [n for s in chain(mini_first, fat) for n in struct.unpack(f"<{size // 4}L", sector(s))]
    mini = read(entries["Root Entry"][0])
    return b"".join(mini[n * small : (n + 1) * small] for n in chain(start, mini_fat))[:length]


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<2H", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        if kind == _EOF:
            return
        at += 4 + length


def _sheets(stream: bytes) -> Looks | None:
    kind, _, version = struct.unpack_from("<3H", stream, 0)
    if kind != _BOF or version != _BIFF8:
        return None
    places: dict[str, int] = {}
    shares, cell_formats = set(_SHARE_FORMATS), []
    for kind, body in _records(stream, 0):
        if kind == _SHEET:
            places[_text(body[6:], body[6])] = struct.unpack_from("<L", body)[0]
        elif kind == _FORMAT:
            number, length = struct.unpack_from("<2H", body)
            if "%" in re.sub(r'\\.|".*?"', "", _text(body[3:], length)):
                shares.add(number)
        elif kind == _XF:
            cell_formats.append(struct.unpack_from("<H", body, 2)[0])
    is_share = [number in shares for number in cell_formats]
    return {name: _sheet(stream, at, is_share) for name, at in places.items()}


def _text(body: bytes, length: int) -> str:
    """``body``: one byte (the length, or its upper half), the flags, the letters."""
    if body[1] & 1:
        return body[2 : 2 + 2 * length].decode("utf-16-le")
    return body[2 : 2 + length].decode("latin-1")


def _sheet(
    stream: bytes, at: int, is_share: list[bool]
) -> tuple[dict[tuple[int, int], str], dict[tuple[int, int], tuple[CellState, str]]]:
    formats: dict[tuple[int, int], str] = {}
    specials: dict[tuple[int, int], tuple[CellState, str]] = {}
    for kind, body in _records(stream, at):
        if kind not in (_NUMBER, _RK, _MULRK, _FORMULA, _BOOLERR):
            continue
        row, column, style = struct.unpack_from("<3H", body)
        if kind == _MULRK:
            for step in range((len(body) - 6) // 6):
                if is_share[struct.unpack_from("<H", body, 4 + 6 * step)[0]]:
                    formats[row, column + step] = "0%"
            continue
        if kind == _BOOLERR and body[7]:
            specials[row, column] = (CellState.ERROR, _ERRORS.get(body[6], "#ERROR"))
        elif kind == _FORMULA and body[12:14] == b"\xff\xff" and body[6] == 2:
            specials[row, column] = (CellState.ERROR, _ERRORS.get(body[8], "#ERROR"))
        elif kind == _FORMULA and body[12:14] == b"\xff\xff" and body[6] == 3:
            specials[row, column] = (CellState.FORMULA, "=…")
        elif is_share[style]:
            formats[row, column] = "0%"
    return formats, specials
