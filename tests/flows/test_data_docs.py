"""The check engine's own pages: only for the office that asked, with an index, and no cell's text in them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from drop_folder import open_desk

from flows import sample


def wish(root: Path) -> None:
    """The office's own settings, with Data Docs switched on."""
    text = files("config").joinpath("settings.yml").read_text("utf-8")
    assert "data_docs: false" in text
    (root / "config").mkdir(parents=True)
    (root / "config" / "settings.yml").write_text(
        text.replace("data_docs: false", "data_docs: true"), "utf-8"
    )


def test_the_engine_draws_its_pages_for_who_asked(tmp_path: Path) -> None:
    root = tmp_path / "home"
    wish(root)
    desk = open_desk(root)
    item = sample.first_item(desk.office.config, "SWJ", measure="amount")
    assert item is not None
    desk.drop(
        "SWJ", "表.xlsx", desk.book("SWJ", sample.with_text(desk.figures("SWJ"), item, "约1000<img src=x>"))
    )
    desk.collect()
    pages = sorted(path.name for path in desk.office.home.data_docs.iterdir())
    assert [name.rpartition("-")[2] for name in pages] == ["files.html", "rows.html", "index.html"]
    index = desk.office.home.data_docs.joinpath("index.html").read_text("utf-8")
    assert all(f'href="{name}"' in index for name in pages if name != "index.html")
    rows = desk.office.home.data_docs.joinpath(pages[1]).read_text("utf-8")
    assert "Great Expectations" in rows and "约1000" not in rows and "<img src=x>" not in rows


def test_nobody_else_gets_them(tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "home")
    desk.drop("SWJ", "表.xlsx", desk.book("SWJ"))
    desk.collect()
    assert not desk.office.home.data_docs.exists()
