"""`jibao new-plan`: a commented register to start from. The files themselves lie in config/scaffold/LOCALE/."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


class ScaffoldRefused(RuntimeError):
    """The folder holds a register already; nothing was written."""


def new_plan(folder: Path, locale: str) -> list[Path]:
    """Writes plan.yml, units.yml, calendar.yml, settings.yml and contacts.example.yml; returns them.

    :param locale: zh or en, the language of comments, names and settings
    :raises ScaffoldRefused: one of the files exists; none is ever overwritten
    """
    sources = sorted(files("config").joinpath("scaffold", locale).iterdir(), key=lambda one: one.name)
    taken = [one.name for one in sources if (folder / one.name).exists()]
    if taken:
        raise ScaffoldRefused(f"{folder} 中已有 {'、'.join(taken)}，没有写入任何文件；请换一个目录")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for one in sources:
        target = folder / one.name
        target.write_bytes(one.read_bytes())
        written.append(target)
    return written
