"""What lies in HOME/config: which files are in force, which only look as if they were.

Belongs here: telling names. Does not: what stands in the files (config), moving or renaming anything.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

READ = ("plan.yml", "units.yml", "targets.csv", "calendar.yml", "settings.yml", "contacts.yml")
_EXAMPLE = "contacts.example.yml"  # read where there is no contacts.yml
_TEMPLATES = "templates"
_KINDS = {".yml", ".yaml", ".csv"}


def in_force(folder: Path) -> list[str]:
    """The office's own files that are read from ``folder``."""
    names = [name for name in READ if (folder / name).is_file()]
    if "contacts.yml" not in names and (folder / _EXAMPLE).is_file():
        names.append(_EXAMPLE)
    return [*names, _TEMPLATES] if (folder / _TEMPLATES).is_dir() else names


def passed_over(folder: Path) -> list[str]:
    """Each entry of ``folder`` that is not read though somebody may think so, and why."""
    told = []
    for path in sorted(folder.iterdir()):
        if path.name in (*READ, _EXAMPLE, _TEMPLATES):
            if not path.exists():
                told.append(f"{path.name}（断开的链接）")
            elif path.is_dir() is not (path.name == _TEMPLATES):
                told.append(f"{path.name}（{'应为文件' if path.is_dir() else '应为文件夹'}）")
        elif not path.name.startswith("."):  # those of an editor, a file manager, version control
            near = get_close_matches(path.name.lower(), (*READ, _TEMPLATES), n=1, cutoff=0.65)
            if near:
                told.append(f"{path.name}（是否应为 {near[0]}）")
            elif _KINDS & set(path.suffixes):
                told.append(path.name)
    return told
