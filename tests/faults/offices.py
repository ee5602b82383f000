"""Offices that are ready for a cycle: a small one where every fault is tried, and the whole plan with a mixed quarter."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from drop_folder import Desk
from trials import PERIOD

from flows import sample
from flows.office import open_office

_SMALL = ("SWJ", "JXJ", "KJJ", "FGJ")


def write_settings(home: Path, port: int = 0) -> None:
    """The packaged settings; mail goes to the sink on ``port``, or to one of the run's own."""
    (home / "config").mkdir(parents=True, exist_ok=True)
    text = files("config").joinpath("settings.yml").read_text("utf-8")
    assert text.count("\n  port: 0\n") == 1
    (home / "config/settings.yml").write_text(text.replace("\n  port: 0\n", f"\n  port: {port}\n"), "utf-8")


def small_office(home: Path, port: int = 0) -> Desk:
    """Four units with a dozen items; an accepted, a returned, a held, a misplaced, a copied and an empty file."""
    write_settings(home, port)
    plan, units, contacts = (_packaged(n) for n in ("plan.yml", "units.yml", "contacts.example.yml"))
    for key in ("actions", "safeguards"):
        for entry in plan[key]:
            entry["units"] = [u for u in entry["units"] if u in _SMALL]
        plan[key] = [e for e in plan[key] if e["units"]][:3]
    kept = {a["code"] for a in plan["actions"]}
    for entry in plan["indicators"]:
        entry["reporters"] = [u for u in entry.get("reporters", ()) if u in _SMALL]
        if entry.get("action") not in kept:
            entry.pop("action", None)
    plan["indicators"] = [i for i in plan["indicators"] if i["reporters"] and i.get("scope") != "unit"][:8]
    units["units"] = [u for u in units["units"] if u["code"] in _SMALL]
    contacts["units"] = {u: contacts["units"][u] for u in _SMALL}
    for name, made in (("plan.yml", plan), ("units.yml", units), ("contacts.yml", contacts)):
        (home / "config" / name).write_text(
            yaml.safe_dump(made, allow_unicode=True, sort_keys=False), "utf-8"
        )
    desk = Desk(open_office(home, trigger="test"))
    desk.office.home.create()
    _drop_mixed(desk)
    return desk


def whole_office(home: Path, port: int = 0) -> Desk:
    """The packaged plan: every unit reports, a few of them wrongly."""
    write_settings(home, port)
    desk = Desk(open_office(home, trigger="test"))
    desk.office.home.create()
    _drop_mixed(desk)
    for unit in (u.code for u in desk.office.config.units if u.code not in _SMALL):
        desk.drop(unit, f"{unit}_{PERIOD}.xlsx", desk.book(unit))
    return desk


def _drop_mixed(desk: Desk) -> None:
    good, wrong, broken, lender = _SMALL
    desk.drop(good, f"{good}_{PERIOD}.xlsx", desk.book(good), age=300)
    desk.drop(good, f"{good}_{PERIOD} - 副本.xlsx", desk.book(good), age=200)
    filled = desk.figures(wrong)
    item = next(i for i, f in filled.items() if isinstance(f.value, float))
    desk.drop(wrong, "季报.xlsx", desk.book(wrong, sample.with_text(filled, item, "约1000")), age=300)
    desk.drop(broken, "传了一半.xlsx", desk.book(broken)[:4000], age=300)
    desk.drop(broken, "重传.xlsx", desk.book(broken), age=200)
    desk.drop(lender, f"{good}.xlsx", desk.book(good), age=300)
    desk.drop(lender, "表.csv", sample.as_csv(desk.book(lender)), age=200)
    desk.drop("无主", "没人的.xlsx", desk.book(good)[:-1], age=300)
    desk.drop(wrong, "空.xlsx", b"", age=300)


def _packaged(name: str) -> Any:
    return yaml.safe_load(files("config").joinpath(name).read_text("utf-8"))
