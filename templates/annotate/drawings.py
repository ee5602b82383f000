"""Pictures and charts of a sheet, reduced to what is inert: nothing linked, embedded, scripted or clickable.

Shapes, controls, objects and pictures in formats that programs run (EMF, WMF, SVG) are left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from templates.annotate.markup import LINKS, Element, drop, local, parse, serialized
from templates.annotate.sheets import stays_inside

_ART: Final = "http://schemas.openxmlformats.org/drawingml/2006/main"
_CHART: Final = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_ANCHORS: Final = frozenset({"twoCellAnchor", "oneCellAnchor", "absoluteAnchor"})
_AROUND: Final = frozenset({"from", "to", "pos", "ext", "clientData"})
_BEGINNINGS: Final = ((b"\x89PNG\r\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"), (b"BM", "bmp"))
_DROPPED: Final = frozenset({
    "extLst", "AlternateContent", "hlinkClick", "hlinkHover", "externalData", "userShapes", "pivotSource",
    "pivotFmts", "printSettings",
})  # fmt: skip


@dataclass
class Attached:
    """A part that an element of the drawing shows, by the relation its attribute names."""

    element: Element
    attribute: str
    content: bytes
    ending: str = "xml"

    def link(self, relation: str) -> None:
        self.element.set(self.attribute, relation)


@dataclass
class Drawing:
    root: Element
    pictures: list[Attached] = field(default_factory=list)
    charts: list[Attached] = field(default_factory=list)


def read_drawing(
    content: bytes,
    links: Mapping[str, tuple[str, str]],
    read: Callable[[str], bytes],
    sheets: Collection[str],
) -> Drawing | None:
    """What may stay of a drawing whose relations are ``links`` (id: kind, path); None where nothing may.

    Raises Unfit for a part that is no XML.
    """
    root = parse(content)
    drawing = Drawing(root)
    for anchor in list(root):
        name = local(anchor)
        _strip(anchor)
        bodies = [child for child in anchor if local(child) not in _AROUND]
        shown = [(e, key) for e in anchor.iter() for key in e.attrib if key.startswith(f"{{{LINKS}}}")]
        attached = None
        if name in _ANCHORS and len(bodies) == 1 and len(shown) == 1:
            element, key = shown[0]
            kind, path = links.get(element.get(key), ("", ""))
            if (local(bodies[0]), element.tag, kind) == ("pic", f"{{{_ART}}}blip", "image"):
                attached = _picture(element, read(path))
                drawing.pictures += [attached] if attached else []
            elif (local(bodies[0]), element.tag, kind) == ("graphicFrame", f"{{{_CHART}}}chart", "chart"):
                attached = _chart(element, read(path), sheets)
                drawing.charts += [attached] if attached else []
        if attached is None:
            drop(anchor)
    return drawing if len(root) else None


def _strip(element: Element) -> None:
    """Takes out what clicks, extends, or names a macro or a file elsewhere."""
    elements = [element]
    while elements:
        found = elements.pop()
        if local(found) in _DROPPED and found is not element:
            drop(found)
            continue
        for key in list(found.attrib):
            if key in ("macro", "textlink", f"{{{LINKS}}}link"):
                del found.attrib[key]
        elements += found


def _picture(blip: Element, content: bytes) -> Attached | None:
    ending = next((e for beginning, e in _BEGINNINGS if content.startswith(beginning)), None)
    return Attached(blip, f"{{{LINKS}}}embed", content, ending) if ending else None


def _chart(frame: Element, content: bytes, sheets: Collection[str]) -> Attached | None:
    root = parse(content)
    _strip(root)
    for element in root.iter():
        points_elsewhere = any(key.startswith(f"{{{LINKS}}}") for key in element.attrib)
        if points_elsewhere or (local(element) == "f" and not stays_inside(element.text or "", sheets)):
            return None
    return Attached(frame, f"{{{LINKS}}}id", serialized(root))
