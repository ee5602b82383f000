"""The template check: packaged templates are in order, an office's slips are told by file, line and name."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest

from flows.office import Office, open_office
from flows.rendering import check


def told(office: Office) -> list[str]:
    return [line for c in check(office) if c.problems for line in c.lines]


@pytest.fixture()
def own(tmp_path: Path) -> Path:
    for room in ("mail", "report", "personal"):
        (tmp_path / "config/templates" / room).mkdir(parents=True)
    return tmp_path / "config/templates"


def office_of(own: Path) -> Office:
    return open_office(own.parent.parent, trigger="test")


def test_every_packaged_template_is_tried_and_in_order(tmp_path: Path) -> None:
    found = check(open_office(tmp_path, trigger="test"))
    assert [line for c in found if c.problems for line in c.lines] == []
    names = {c.shown for c in found}
    packaged = Path(__file__).parents[2] / "templates"
    for path in packaged.rglob("*"):
        if path.suffix in (".j2", ".docx", ".typ"):
            assert f"{path.relative_to(packaged).as_posix()}（随程序发布）" in names
    assert not (tmp_path / "outbox").exists(), "nothing is written"


@pytest.mark.parametrize(
    ("name", "source", "line"),
    [
        ("mail/alert.txt.j2", "{% block subject %}x{% endblock %}\n{{ view.titel }}\n", "2: 没有名为“titel”的变量"),
        ("mail/alert.txt.j2", "{% block subject %}{{ veiw }}{% endblock %}", "1: 没有名为“veiw”的变量"),
        # Not reached by any sample, told all the same.
        ("mail/alert.html.j2", "a\n\n{% if false %}{{ office.telefon }}{% endif %}", "3: 没有名为“telefon”的变量"),
        ("mail/receipt.html.j2", "{% for c in view.counted %}\n{{ c.nme }}{% endfor %}", "2: 没有名为“nme”的变量"),
        ("mail/alert.html.j2", "{{ view.occurred_at | momment }}", "1: 没有名为“momment”的过滤器"),
        ("mail/alert.html.j2", "{% if view.period %}\n", "1: 语法有误"),
        ("mail/alert.html.j2", '{% extends "mail/bas.html.j2" %}', "1: 引用的模板“mail/bas.html.j2”不存在"),
        ("mail/alert.html.j2", "{{ view.__class__.__mro__ }}", "1: 含有不允许的写法"),
        ("personal/unit.html.j2", "{{ view.rate.rnak }}", "1: 没有名为“rnak”的变量"),
        ("report/summary.typ", "#let d = json(bytes(sys.inputs.data))\n#d.nix", "2: 排版语句有误"),
        ("report/summary.docx", "不是 Word", " 不是有效的 Word 文件"),
        ("mail/allert.html.j2", "x", " 没有这个名称的模板"),
    ],
)  # fmt: skip
def test_a_slip_is_told_by_file_and_line(own: Path, name: str, source: str, line: str) -> None:
    (own / name).write_text(source, "utf-8")
    lines = told(office_of(own))
    assert any(one.startswith(f"config/templates/{name}:{line}") for one in lines), lines


def test_a_slip_in_a_shared_piece_is_told_there(own: Path) -> None:
    (own / "mail/base.txt.j2").write_text(
        "{% block body required %}{% endblock %}\n{{ office.sender }}\n", "utf-8"
    )
    lines = told(office_of(own))
    assert lines == ["config/templates/mail/base.txt.j2:2: 没有名为“sender”的变量"]


def test_a_slip_in_the_word_template_is_told_by_name(own: Path) -> None:
    book = docx.Document()
    book.add_paragraph("共{{ view.counts.totl }}项")
    book.save(str(own / "report/summary.docx"))
    assert told(office_of(own)) == ["config/templates/report/summary.docx: 没有名为“totl”的变量"]


def test_an_office_may_split_its_templates(own: Path) -> None:
    (own / "mail/ours.html.j2").write_text("{{ view.title }}", "utf-8")
    (own / "mail/alert.html.j2").write_text('{% include "mail/ours.html.j2" %}', "utf-8")
    found = check(office_of(own))
    assert [c.lines for c in found if c.problems] == []
    assert "config/templates/mail/alert.html.j2: 正常" in [line for c in found for line in c.lines]
