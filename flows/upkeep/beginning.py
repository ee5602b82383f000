"""Making a home: folders, and the configuration an office edits. Does not: judging whether it is right (doctor)."""

from __future__ import annotations

from collections.abc import Sequence

from config.yamlfile import Folder, find
from flows.office import Office

_EDITABLE = ("plan.yml", "units.yml", "calendar.yml", "settings.yml")


def init(office: Office) -> list[str]:
    """Copies the editable configuration into HOME/config; files already there are kept."""
    lines = []
    for name in (*_EDITABLE, "targets.csv", "contacts.yml"):
        target, source = office.home.config / name, _source([office.home.config, office.base], name)
        if target.exists():
            lines.append(f"保留 {target}")
        elif source is not None:
            target.write_bytes(source.read_bytes())
            lines.append(f"新建 {target}")
    if office.config.contacts.is_example:
        lines.append("请把 contacts.yml 中的样例地址改成本单位的真实联系人，再运行 jibao doctor。")
    for unit in office.config.units:
        (office.home.inbox / unit.code).mkdir(parents=True, exist_ok=True)
    lines.append(f"各单位投递目录在 {office.home.inbox}")
    return lines


def _source(folders: Sequence[Folder], name: str) -> Folder | None:
    """The file in force: files in HOME/config win, so another plan's would take its place."""
    found = find(folders, name)
    return find(folders, "contacts.example.yml") if found is None and name == "contacts.yml" else found
