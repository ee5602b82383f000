"""Word and PDF: the shipped template is the one its make-up describes, words stay words, nothing leaves the page."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import docx
import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError
from view_samples import OFFICE, PAGES, poisoned, summary

from config.language import language
from templates import figures
from templates.document import YEARLY, summary_docx
from templates.docx_layout import build
from templates.render import Renderer
from templates.report import summary_page
from templates.samples import bare
from templates.typeset import TypesetError, summary_data, summary_pdf
from templates.views import LightCounts, UnitResult

# Markup of every language on the way: Jinja2, XML, typst, TeX-like mathematics; marks that hide or reorder; no XML.
POISON = (
    "{{7*7}}{% raw %}</w:t><w:br/>&amp;#read(\"/etc/passwd\") *粗* $x^2$ @ref <l> \\"
    "\u202e\x00\x0b\ufffe\ud800\r\n"
)  # fmt: skip


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


def words(package: bytes) -> str:
    book = docx.Document(io.BytesIO(package))
    cells = [c.text for t in book.tables for r in t.rows for c in r.cells]
    return "\n".join([p.text for p in book.paragraphs] + cells)


@pytest.mark.parametrize("name", ["report/summary.docx", YEARLY])
def test_the_shipped_word_template_is_fresh(name: str) -> None:
    shipped, made = (
        files("templates").joinpath(name).read_bytes(),
        build(language("zh", is_yearly=name == YEARLY)),
    )
    with zipfile.ZipFile(io.BytesIO(shipped)) as old, zipfile.ZipFile(io.BytesIO(made)) as new:
        assert old.namelist() == new.namelist()
        for name in old.namelist():
            assert old.read(name) == new.read(name), f"{name}: run python -m templates.docx_layout"


def test_word_speaks_of_years_where_the_plan_reports_by_year(tmp_path: Path) -> None:
    yearly = Renderer(say=language("zh", is_yearly=True))
    said = words(summary_docx(yearly, OFFICE, summary()))
    assert "本年应报" in said and "五、比上年变化" in said and not re.search("[本上每]季", said)
    (tmp_path / "report").mkdir()
    own = tmp_path / "report/summary.docx"
    own.write_bytes(build())
    assert "本季应报" in words(summary_docx(Renderer(tmp_path, yearly.say), OFFICE, summary())), (
        "the office's own stands"
    )


def test_word_keeps_the_look_of_an_official_document() -> None:
    book = docx.Document(str(files("templates").joinpath("report/summary.docx")))
    page = book.sections[0]
    assert [round(x.mm) for x in (page.page_width, page.top_margin, page.left_margin)] == [210, 37, 28]
    xml = book.element.xml + book.styles.element.xml
    for font in ("仿宋_GB2312", "黑体", "楷体_GB2312", "方正小标宋简体"):
        assert f'w:eastAsia="{font}"' in xml
    assert "PAGE" in page.footer._element.xml


def test_hostile_words_stay_words_in_word(renderer: Renderer) -> None:
    package = summary_docx(renderer, poisoned(OFFICE, POISON), poisoned(summary(), POISON))
    text = words(package)
    assert "{{7*7}}" in text
    assert "</w:t><w:br/>&amp;" in text
    assert "49" not in text.replace("2019", "")
    assert not re.search("[\u202e\x00\x0b\ufffe]", text)
    with zipfile.ZipFile(io.BytesIO(package)) as given:
        relations = "".join(given.read(n).decode() for n in given.namelist() if n.endswith(".rels"))
    assert "TargetMode" not in relations, "nothing outside the file is referred to"


def test_hostile_words_stay_words_in_pdf(renderer: Renderer) -> None:
    office, view = poisoned(OFFICE, POISON), poisoned(summary(), POISON)
    pdf = summary_pdf(renderer, office, view)
    assert pdf.startswith(b"%PDF-")
    assert b"/URI" not in pdf
    assert b"root:" not in pdf
    name = summary_data(office, view)["groups"][0]["lines"][1]["name"]
    assert '#read("/etc/passwd") *粗* $x^2$' in name
    assert not re.search("[\u202e\x00\x0b\ud800]", name)


@pytest.mark.parametrize("empty", [False, True])
def test_documents_of_little_and_of_nothing(renderer: Renderer, empty: bool) -> None:
    view = (
        replace(bare(summary()), previous_counts=None, completeness_pct=None, counts=LightCounts())
        if empty
        else summary()
    )
    assert "None" not in words(summary_docx(renderer, OFFICE, view))
    assert len(summary_pdf(renderer, OFFICE, view)) > 5_000
    chart = figures.lights_png(renderer, view)
    assert (chart is None) == empty


def test_the_pdf_needs_no_font_of_the_machine(renderer: Renderer) -> None:
    """Only the shipped families are embedded, whatever the machine has."""
    pdf = summary_pdf(renderer, OFFICE, summary())
    names = set(re.findall(rb"/FontName\s*/[A-Z]{6}\+([A-Za-z]+)", pdf))
    assert names <= {b"NotoSansSC", b"NotoSerifSC"}
    assert b"LibertinusSerif" not in pdf


def test_an_edited_pdf_template_reads_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    secret = tmp_path / "secret.txt"
    secret.write_text("秘密", "utf-8")
    own = tmp_path / "report/summary.typ"
    for reach in ("/etc/passwd", f"../../..{secret}", "../secret.txt"):
        own.write_text(f'#read("{reach}")\n', "utf-8")
        with pytest.raises(TypesetError):
            summary_pdf(Renderer(tmp_path), OFFICE, summary())


def test_a_wrong_template_names_the_place(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report/summary.typ").write_text(
        "#let d = json(bytes(sys.inputs.data))\n\n#d.titel\n", "utf-8"
    )
    with pytest.raises(TypesetError, match="titel") as caught:
        summary_pdf(Renderer(tmp_path), OFFICE, summary())
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("words_in_braces", "error"),
    [("{{ view.periode }}", UndefinedError), ("{{ office.__class__.__mro__ }}", SecurityError)],
)
def test_an_edited_word_template_is_held_to_the_rules(
    tmp_path: Path, words_in_braces: str, error: type[Exception]
) -> None:
    (tmp_path / "report").mkdir()
    book = docx.Document()
    book.add_paragraph(words_in_braces)
    book.save(str(tmp_path / "report/summary.docx"))
    with pytest.raises(error):
        summary_docx(Renderer(tmp_path), OFFICE, summary())


def test_the_chart_is_a_small_png_with_long_and_odd_names(renderer: Renderer) -> None:
    view = summary()
    odd = replace(
        view,
        domains=tuple(
            replace(d, name="$\\frac{1}{2}$" + "很长的领域名称" * 9 + "\u202e") for d in view.domains
        ),
    )
    heights: dict[int, int] = {}  # a long name takes no second line
    wide = replace(view, domains=tuple(replace(d, name="很长的领域名称" * 9) for d in view.domains))
    for one in (view, odd, wide, poisoned(view, POISON)):
        png = figures.lights_png(renderer, one)
        assert png is not None
        assert png.startswith(b"\x89PNG")
        assert len(png) < 200_000
        width = int.from_bytes(png[16:20])
        assert width == 2 * figures.WIDTH
        assert figures.lights_png(renderer, one) == png
        assert int.from_bytes(png[20:24]) == heights.setdefault(len(one.domains), int.from_bytes(png[20:24]))


def test_the_chart_in_words_has_its_numbers() -> None:
    said = figures.spoken(summary())
    assert "“互联网+”先进制造：已达成1、正常1、滞后2、严重滞后1" in said


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, templates.figures, templates.document, templates.typeset, flows.steps.documents;"
        "print(sorted({'docxtpl', 'docx', 'typst'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_unit_page_is_inert(renderer: Renderer) -> None:
    page = renderer.page(
        "personal/unit", office=poisoned(OFFICE, POISON), view=poisoned(PAGES["personal/unit"], POISON)
    )
    assert "{{7*7}}" in page
    assert "<w:br/>" not in page
    assert not re.search("[\u202e\x00]", page)
    # The page's own words and its two script files; whatever else would run came from somebody's text.
    own = r'<script type="application/json" id="words">[^<]*</script>|<script src="\.\./assets/(search|site)\.js"></script>'
    assert not re.search(r"<script|<img|https?:", re.sub(own, "", page))
    assert "None" not in page


def test_long_tables_are_folded_on_paper_and_say_so(renderer: Renderer) -> None:
    """Thousands of units make no printed table: those furthest behind, the top and the end of the ranking."""
    view = summary()
    standings = tuple(
        UnitResult(f"U{n}", f"第{n}单位", 1.0, None, float(n), "green" if n % 2 else "red") for n in range(50)
    )
    ranks = tuple(
        replace(view.units[0], unit=f"R{n}", name=f"名列{n}", rank=n, owed_count=0, is_late=False)
        for n in range(1, 151)
    )
    first, *others = view.indicators
    view = replace(view, indicators=(replace(first, units=standings), *others), units=ranks)
    data = summary_data(OFFICE, view)
    line = next(i for g in data["groups"] for i in g["lines"] if i["indicator"] == first.indicator)
    assert [u["name"] for u in line["units"]] == [f"第{n}单位" for n in range(0, 20, 2)]
    assert [int(u["rank"]) for u in data["units"]] == [*range(1, 51), *range(101, 151)]
    text = words(summary_docx(renderer, OFFICE, view))
    for sentence in (line["folded"], data["folded"]):
        assert sentence in text
    assert "共50个单位，上表是进度最慢的10个" in line["folded"]
    assert "第49单位" not in text
    assert "名列51" not in text
    page = summary_page(renderer, OFFICE, view)
    assert "第49单位" in page
    assert "名列75<" in page, "the page has every row"


def test_lines_of_many_cities_are_folded_on_paper_furthest_behind_first(renderer: Renderer) -> None:
    view = summary()
    first = next(i for i in view.indicators if i.light == "red")
    lines = tuple(
        replace(first, name=f"第{n}市：{first.name}", place=f"C{n}", gap_pp=float(n), units=())
        for n in range(70)
    )
    view = replace(view, indicators=lines)
    data = summary_data(OFFICE, view)
    [group] = data["groups"]
    expected = [f"第{n}市" for n in range(69, 19, -1)]
    assert [i["name"].split("：")[0] for i in data["behind"]] == expected
    assert [i["name"].split("：")[0] for i in group["lines"]] == expected
    text = words(summary_docx(renderer, OFFICE, view))
    assert "第19市" not in text
    assert text.count("上表列出50项，另有20项见网页版通报。") == 3, "behind, its domain, changed"
    assert len(summary_pdf(renderer, OFFICE, view)) > 5_000
    page = summary_page(renderer, OFFICE, view)
    assert all(f'id="{first.indicator}-C{n}"' in page for n in range(70)), (
        "each line has an anchor of its own"
    )


def test_what_names_a_table_in_word_stays_with_it(renderer: Renderer) -> None:
    """A domain's name alone at the foot of a page says nothing."""
    book = docx.Document(io.BytesIO(summary_docx(renderer, OFFICE, summary())))
    names = [
        p
        for p in book.paragraphs
        if p.text.endswith("各地情况：") or re.match(r"（[一二三四五六七八九十]+）", p.text)
    ]
    assert len(names) >= 2
    assert all(p.paragraph_format.keep_with_next for p in names)
