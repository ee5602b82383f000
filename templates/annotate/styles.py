"""The cell formats of a workbook: only ever appended to, so that every format in use stays what it is."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Final

from templates.annotate.markup import Element, add, drop, fragment, new, parse, q, serialized, whole

ENTRY: Final = "FFFBE6"  # as in the workbook we hand out
FIXED: Final = "F4F5F7"
HEADER: Final = "D9E2F0"
SEVERITIES: Final = {"error": "FFC7CE", "warning": "FFE08A", "info": "DCE9F7"}
_ORDER: Final = (
    "numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles", "colors",
)  # fmt: skip
_NEEDED: Final = ("fonts", "fills", "borders", "cellStyleXfs", "cellXfs")
_FIRST_OWN_FORMAT: Final = 164
_PLAIN: Final = (
    b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<fonts count="1"><font><sz val="11"/><name val="\xe5\xae\x8b\xe4\xbd\x93"/></font></fonts>'
    b'<fills count="2"><fill><patternFill patternType="none"/></fill>'
    b'<fill><patternFill patternType="gray125"/></fill></fills>'
    b'<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    b'<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    b'<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    b'<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


@dataclass(frozen=True)
class Look:
    """What is laid over a format; what is empty stays as it was. Colours are RGB in hex digits."""

    fill: str = ""
    number_format: str = ""
    is_plain: bool = False  # on white without a border, in 宋体: nothing of the format below
    is_bold: bool = False
    size: int = 11
    colour: str = ""  # of the text, which is underlined then: a link
    align: str = ""  # horizontally
    is_wrapped: bool = False
    is_top: bool = False  # vertically
    is_open: bool = False  # may be filled in on a protected sheet


class Styles:
    """``styles``: the part's content; without one, a plain book's."""

    def __init__(self, styles: bytes | None = None) -> None:
        self._root = parse(styles or _PLAIN)
        # Not the extensions: they style slicers and time lines, which are gone.
        for section in [section for section in self._root if section.tag not in map(q, _ORDER)]:
            drop(section)
        missing = [name for name in _NEEDED if not len(self._section(name))]
        for name in missing:
            self._section(name).extend(list(parse(_PLAIN).find(q(name))))
        self._formats = self._section("cellXfs")
        self._looks: dict[tuple[int, Look], int] = {}
        self._parts: dict[str, int] = {}
        self._codes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._formats)

    def content(self) -> bytes:
        for section in self._root:
            if section.tag != q("colors"):
                section.set("count", str(len(section)))
        return serialized(self._root)

    def is_locked(self, style: int) -> bool:
        protection = self._formats[style].find(q("protection"))
        return protection is None or protection.get("locked") not in ("0", "false")

    def over(self, style: int, look: Look) -> int:
        """The number of the format that is ``style`` with ``look`` laid over it."""
        key = (0 if look.is_plain or style >= len(self) else style, look)
        if key not in self._looks:
            self._looks[key] = self._made(*key)
        return self._looks[key]

    def _made(self, style: int, look: Look) -> int:
        if look.is_plain:
            xf = fragment(
                f'<xf numFmtId="0" fontId="{self._font(look)}" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
            )
            told = {
                "horizontal": look.align,
                "vertical": "top" * look.is_top,
                "wrapText": "1" * look.is_wrapped,
            }
            if any(told.values()):
                add(xf, "alignment", **{name: value for name, value in told.items() if value})
                xf.set("applyAlignment", "1")
        else:
            xf = deepcopy(self._formats[style])
        if look.fill:
            pattern = f'<fgColor rgb="FF{look.fill}"/><bgColor indexed="64"/>'
            fill = f'<fill><patternFill patternType="solid">{pattern}</patternFill></fill>'
            xf.set("fillId", str(self._part("fills", fill)))
            xf.set("applyFill", "1")
        if look.number_format:
            xf.set("numFmtId", str(self._number_format(look.number_format)))
            xf.set("applyNumberFormat", "1")
        if look.is_open:
            xf[:] = [*xf.findall(q("alignment")), fragment('<protection locked="0"/>')]
            xf.set("applyProtection", "1")
        self._formats.append(xf)
        return len(self._formats) - 1

    def _font(self, look: Look) -> int:
        line = f'<color rgb="FF{look.colour}"/>' if look.colour else ""
        return self._part(
            "fonts",
            f'<font>{"<b/>" * look.is_bold}{"<u/>" * bool(line)}<sz val="{look.size}"/>{line}'
            '<name val="宋体"/></font>',
        )

    def _number_format(self, code: str) -> int:
        if code not in self._codes:
            taken = [whole(known.get("numFmtId")) for known in self._section("numFmts")]
            self._codes[code] = max([_FIRST_OWN_FORMAT - 1, *taken]) + 1
            add(self._section("numFmts"), "numFmt", numFmtId=str(self._codes[code]), formatCode=code)
        return self._codes[code]

    def _part(self, section: str, markup: str) -> int:
        """The number of a font or fill in its section."""
        if markup not in self._parts:
            self._section(section).append(fragment(markup))
            self._parts[markup] = len(self._section(section)) - 1
        return self._parts[markup]

    def _section(self, name: str) -> Element:
        found = self._root.find(q(name))
        if found is None:
            found = new(name)
            before = [s for s in self._root if s.tag in {q(n) for n in _ORDER[: _ORDER.index(name)]}]
            self._root.insert(self._root.index(before[-1]) + 1 if before else 0, found)
        return found
