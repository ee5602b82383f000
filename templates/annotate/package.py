"""The package of a workbook: what is inside an upload's, and a new one whose every part we have named.

Belongs here: archive, content types, relations. Does not: what a part says (book, sheets, notes, drawings).
"""

from __future__ import annotations

import posixpath
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from templates.annotate.drawings import Drawing
from templates.annotate.markup import LINKS, PACKAGE_LINKS, Unfit, parse, serialized, text_of

_UNREADABLE: Final = (
    BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError,
)  # fmt: skip
# Bytes; as a tree a part takes 20 times as much, and those of a filled template are below 1 MB.
PART_MAX: Final = 16 << 20
_TYPES: Final = {
    "workbook": "vnd.openxmlformats-officedocument.spreadsheetml.sheet.main",
    **{
        kind: f"vnd.openxmlformats-officedocument.spreadsheetml.{kind}"
        for kind in ("worksheet", "styles", "sharedStrings", "comments", "table")
    },
    "theme": "vnd.openxmlformats-officedocument.theme",
    "drawing": "vnd.openxmlformats-officedocument.drawing",
    "chart": "vnd.openxmlformats-officedocument.drawingml.chart",
    "core-properties": "vnd.openxmlformats-package.core-properties",
}  # fmt: skip
_BY_ENDING: Final = {
    "rels": "application/vnd.openxmlformats-package.relationships+xml",
    "xml": "application/xml",
    "vml": "application/vnd.openxmlformats-officedocument.vmlDrawing",
    "png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "bmp": "image/bmp",
}  # fmt: skip
_TYPES_OF_PARTS: Final = "http://schemas.openxmlformats.org/package/2006/content-types"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_CORE: Final = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{about}'
    '<dcterms:created xsi:type="dcterms:W3CDTF">{made}</dcterms:created>'
    '<dcterms:modified xsi:type="dcterms:W3CDTF">{made}</dcterms:modified></cp:coreProperties>'
)


class Upload:
    """An uploaded package, its parts by path in any case. Raises Unfit for what is not there or too large."""

    def __init__(self, original: bytes) -> None:
        try:
            self._archive = ZipFile(BytesIO(original))
        except _UNREADABLE as error:
            raise Unfit(str(error)) from error
        self._members = {member.filename.lower(): member for member in self._archive.infolist()}

    def read(self, path: str) -> bytes:
        member = self._members.get(path.lower())
        if member is None or member.file_size > PART_MAX:
            raise Unfit(path)
        try:
            return self._archive.read(member)
        except _UNREADABLE as error:
            raise Unfit(str(error)) from error

    def links(self, path: str) -> dict[str, tuple[str, str]]:
        """Kind and path of every part that ``path`` points to, by the relation's id. What lies outside is not told."""
        folder, _, name = path.rpartition("/")
        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        if relations.lower() not in self._members:
            return {}
        found = {}
        for link in parse(self.read(relations)):
            target = posixpath.normpath(posixpath.join("/", folder, link.get("Target", "")))[1:]
            if link.get("TargetMode") != "External" and target.lower() in self._members:
                found[link.get("Id", "")] = (link.get("Type", "").rpartition("/")[2], target)
        return found

    def linked(self, path: str, kind: str) -> Iterator[str]:
        return (target for found, target in self.links(path).values() if found == kind)


class Links:
    """The relations of one part that lies in ``folder``."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._links: list[str] = []

    def add(self, kind: str, path: str, base: str = LINKS) -> str:
        """The new relation's id."""
        target = posixpath.relpath(path, self._folder or ".")
        self._links.append(
            f'<Relationship Id="rId{len(self._links) + 1}" Type="{base}/{kind}" Target={quoteattr(target)}/>'
        )
        return f"rId{len(self._links)}"

    def content(self) -> bytes:
        links = "".join(self._links)
        return f'{_HEAD}<Relationships xmlns="{PACKAGE_LINKS}">{links}</Relationships>'.encode()

    def __bool__(self) -> bool:
        return bool(self._links)


class Package:
    """A package being written; its members carry ``made``, never the clock's time."""

    def __init__(self, made: datetime) -> None:
        self._made = made.astimezone(UTC)
        self._members: list[tuple[str, bytes]] = []
        self._types: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._pictures: dict[bytes, str] = {}
        self.next_block = 1  # of the numbers of comment boxes

    def part(self, path: str, kind: str, content: bytes, links: Links | None = None) -> str:
        """Writes one part; ``kind`` "" for one whose type its ending tells. Returns its path."""
        if kind:
            self._types[path] = _TYPES[kind]
        self._members.append((path, content))
        if links:
            folder, _, name = path.rpartition("/")
            self._members.append((posixpath.join(folder, "_rels", f"{name}.rels"), links.content()))
        return path

    def count(self, stem: str) -> int:
        return self._counts.get(stem, 0)

    def numbered(
        self, stem: str, kind: str, content: bytes, links: Links | None = None, suffix: str = "xml"
    ) -> str:
        self._counts[stem] = self.count(stem) + 1
        return self.part(f"{stem}{self._counts[stem]}.{suffix}", kind, content, links)

    def drawing(self, drawing: Drawing) -> str:
        links = Links("xl/drawings")
        for picture in drawing.pictures:
            path = self._pictures.get(picture.content)
            if path is None:
                path = self.numbered("xl/media/image", "", picture.content, suffix=picture.ending)
                self._pictures[picture.content] = path
            picture.link(links.add("image", path))
        for chart in drawing.charts:
            chart.link(links.add("chart", self.numbered("xl/charts/chart", "chart", chart.content)))
        return self.numbered("xl/drawings/drawing", "drawing", serialized(drawing.root), links)

    def closed(self, about: Mapping[str, str]) -> bytes:
        """The whole package; ``about``: what its properties say (``dc:title``), dates apart."""
        links = Links("")
        links.add("officeDocument", "xl/workbook.xml")
        said = "".join(f"<{name}>{escape(text_of(text))}</{name}>" for name, text in about.items())
        core = _HEAD + _CORE.format(about=said, made=f"{self._made:%Y-%m-%dT%H:%M:%SZ}")
        path = self.part("docProps/core.xml", "core-properties", core.encode())
        links.add("core-properties", path, f"{PACKAGE_LINKS}/metadata")
        types = "".join(f'<Default Extension="{e}" ContentType="{t}"/>' for e, t in _BY_ENDING.items())
        types += "".join(
            f'<Override PartName="/{path}" ContentType="application/{kind}+xml"/>'
            for path, kind in self._types.items()
        )
        first = [
            ("[Content_Types].xml", f'{_HEAD}<Types xmlns="{_TYPES_OF_PARTS}">{types}</Types>'.encode()),
            ("_rels/.rels", links.content()),
        ]
        file = BytesIO()
        with ZipFile(file, "w") as archive:
            for name, content in (*first, *self._members):
                member = ZipInfo(name, self._made.timetuple()[:6])
                member.compress_type = ZIP_DEFLATED
                archive.writestr(member, content)
        return file.getvalue()
