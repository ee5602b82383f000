"""The report site: HOME/site as static pages that any server, and any folder, can show.

Belongs here: writing what changed. Does not: what pages say (templates), their rows (surveying), serving them.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from flows.letters import Post
from flows.office import Office
from flows.steps.surveying import survey
from templates import site
from warehouse.durable import whole, write_whole
from warehouse.store import Rows


def write(office: Office, reader: Rows, as_of: datetime) -> list[Path]:
    """Brings the site up to date with the mart; returns the files that were written because they changed.

    Unit pages and the 通报 are written before, so that they can be linked.

    :param reader: an open :class:`warehouse.store.Store` or :class:`warehouse.store.Reader`
    :param as_of: what lateness is judged by
    """
    folder = office.home.site
    drawn = site.echarts() is not None
    found = survey(reader, office, as_of, _existing(folder), drawn=drawn)
    if found is None:
        return write_assets(office)
    written = [
        path
        for name, text in site.pages(office.renderer, Post(office, as_of).view, found)
        if (path := _write_changed(folder / name, text)) is not None
    ]
    return written + write_assets(office)


def write_assets(office: Office) -> list[Path]:
    """Style, script, icon and the chart library, for pages that are written without the rest."""
    folder = office.home.site / "assets"
    written = []
    for name, text in site.assets(office.renderer):
        if not (name == "search.js" and (folder / name).exists()):  # the index itself comes with the pages
            written.append(_write_changed(folder / name, text))
    library, copy = site.echarts(), folder / site.ECHARTS_NAME
    if library is not None and (not copy.is_file() or copy.stat().st_size != library.stat().st_size):
        with whole(copy) as part:
            part.write_bytes(library.read_bytes())
        written.append(copy)
    return [path for path in written if path is not None]


def _write_changed(path: Path, text: str) -> Path | None:
    data = text.encode()
    try:
        if path.read_bytes() == data:
            return None
    except FileNotFoundError:
        pass
    write_whole(path, data)
    return path


def _existing(folder: Path) -> frozenset[str]:
    """Pages made elsewhere: units/, quality/ and the 通报 at the top."""
    found = set()
    for below in ("", "units", "quality"):
        try:
            with os.scandir(folder / below) as entries:
                found |= {f"{below}/{e.name}".lstrip("/") for e in entries if e.name.endswith(".html")}
        except FileNotFoundError:
            continue
    return frozenset(found)
