"""The comments of one sheet: those of its clerk stay, those of an earlier round are told apart by their author."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from templates.annotate.markup import (
    Place,
    address,
    fragment,
    local,
    parse,
    place_of,
    q,
    run_of,
    serialized,
    text_of,
)

_WIDTH: Final = 320  # pixels
_LINE: Final = 18
_LINE_CHARACTERS: Final = 22
_SHAPES: Final = 1024  # numbers of one block; Excel knows a sheet's shapes by their blocks
_KEPT: Final = frozenset({"r", "rPr", "t"})


@dataclass(frozen=True)
class Note:
    author: str
    text: str
    rich: Any = None  # elements: the text as its author formatted it


def read_notes(content: bytes) -> dict[Place, Note]:
    """By address; of two at one place the first. Raises Unfit."""
    root = parse(content)
    authors = [author.text or "" for author in root.iterfind(f"{q('authors')}/{q('author')}")]
    notes: dict[Place, Note] = {}
    for comment in root.iterfind(f"{q('commentList')}/{q('comment')}"):
        place, number, text = (
            place_of(comment.get("ref")),
            comment.get("authorId", ""),
            comment.find(q("text")),
        )
        if place is None or text is None or place in notes:
            continue
        author = authors[int(number)] if number.isdigit() and int(number) < len(authors) else ""
        rich = [child for child in text if local(child) in _KEPT and child.tag == q(local(child))]
        said = "".join(run.text or "" for child in rich for run in child.iter(q("t")))
        notes[place] = Note(author, said, rich)
    return notes


def notes_part(notes: Mapping[Place, Note]) -> bytes:
    numbers = {author: n for n, author in enumerate(dict.fromkeys(note.author for note in notes.values()))}
    authors = "".join(f"<author>{escape(text_of(author))}</author>" for author in numbers)
    ordered = sorted(notes.items(), key=lambda item: item[0])
    comments = "".join(
        f'<comment ref="{address(place)}" authorId="{numbers[note.author]}">'
        f"<text>{run_of(note.text) if note.rich is None else ''}</text></comment>"
        for place, note in ordered
    )
    root = fragment(f"<comments><authors>{authors}</authors><commentList>{comments}</commentList></comments>")
    for comment, (_, note) in zip(root[1], ordered, strict=True):
        if note.rich is not None:
            comment[0][:] = note.rich
    return serialized(root)


def boxes_part(notes: Mapping[Place, Note], first_block: int) -> tuple[bytes, int]:
    """The boxes the comments appear in (VML), high enough for their text, and the next free block of numbers."""
    blocks = range(first_block, first_block + 1 + len(notes) // _SHAPES)
    shapes = "".join(
        _BOX.format(
            number=first_block * _SHAPES + index,
            width=_WIDTH,
            height=40 + _LINE * (1 + len(note.text) // _LINE_CHARACTERS),
            row=row - 1,
            column=column - 1,
        )
        for index, ((row, column), note) in enumerate(sorted(notes.items(), key=lambda item: item[0]), 1)
    )
    return (_BOXES.format(blocks=",".join(map(str, blocks)), shapes=shapes)).encode(), blocks[-1] + 1


_BOXES: Final = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel">'
    '<o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="{blocks}"/></o:shapelayout>'
    '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>{shapes}</xml>'
)
_BOX: Final = (
    '<v:shape id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;margin-left:59.25pt;'
    'margin-top:1.5pt;width:{width}px;height:{height}px;z-index:1;visibility:hidden" fillcolor="#ffffe1" '
    'o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow color="black" obscured="t"/>'
    '<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto">'
    '<div style="text-align:left"></div></v:textbox>'
    '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:AutoFill>False</x:AutoFill>'
    "<x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)
