"""Makes the packaged Word template of the 通报. ``python -m templates.docx_layout`` writes report/summary.docx.

The .docx is what ships and what officials copy to HOME/config/templates/report/ and edit in Word; this file
keeps its make-up reviewable. A test compares the two. Layout after GB/T 9704 (margins, 黑体 headings, 仿宋 text).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from config.language import CHINESE, N_, Language, language
from templates.document import YEARLY, name_in, same_bytes

SONG, HEI, KAI, FANG = "方正小标宋简体", "黑体", "楷体_GB2312", "仿宋_GB2312"
RESTATED = (
    "{{ r.SIDE_value | quantity(r.unit_label) }}{% if r.is_standing_only %}"
    " {{ (r.SIDE_light | light).label }} {{ r.SIDE_progress_pct | percent }}{% endif %}"
)
FIGURE = "{{ i.state | said if i.state else i.actual | quantity(i.unit_label) }}"
PREVIOUS = "{{ i.previous_state | said if i.previous_state else i.previous_actual | quantity(i.unit_label) }}"
LIGHT = "{{ (i.light | light).symbol }} {{ (i.light | light).label }}"


def build(say: Language = CHINESE) -> bytes:
    """The template as bytes, the same on every run."""
    doc = Document()
    doc.say = say
    _page(doc)
    _line(doc, "{{ office.plan_name }}", SONG, 22, ALIGN.CENTER)
    _line(doc, "{{ view.period | quarter }}进展通报", SONG, 22, ALIGN.CENTER, after=18)
    _heading(doc, "一、总体情况")
    _text(doc, "截至{{ view.as_of | moment }}，纳入通报的{{ view.counts.total }}项指标中，已达成{{ view.counts.met }}项，进度正常"
        "{{ view.counts.green }}项，滞后{{ view.counts.yellow }}项，严重滞后{{ view.counts.red }}项；另有{{ view.counts.none }}项"
        "无法判断，原因见第八部分。本季应报{{ view.expected }}项，已采用{{ view.accepted }}项，报送完整率"
        "{{ view.completeness_pct | percent }}，及时率{{ view.timeliness_pct | percent }}，一次合格率"
        "{{ view.quality_pct | percent }}。")  # fmt: skip
    _text(doc, "{%p if view.previous_counts %}")
    _text(doc, "上季：已达成{{ view.previous_counts.met }}项，正常{{ view.previous_counts.green }}项，滞后"
        "{{ view.previous_counts.yellow }}项，严重滞后{{ view.previous_counts.red }}项，无法判断"
        "{{ view.previous_counts.none }}项。")  # fmt: skip
    _text(doc, "{%p endif %}")

    _heading(doc, "二、滞后指标")
    _text(doc, "{%p if view.behind %}")
    _table(doc, "i in view.paper_behind",
        [(N_("编码"), 14, "{{ i.indicator }}"), (N_("指标"), 46, "{{ i.name }}"), (N_("状态"), 22, LIGHT), (N_("现值"), 24, FIGURE),
         (N_("进度"), 16, "{{ i.progress_pct | percent }}"), (N_("应达"), 16, "{{ i.expected_pct | percent }}"),
         (N_("差距（百分点）"), 18, "{{ i.gap_pp | gap }}")])  # fmt: skip
    _folded(doc, "view.paper_behind", "view.behind")
    _text(doc, "{%p else %}")
    _text(doc, "没有滞后的指标。")
    _text(doc, "{%p endif %}")

    _heading(doc, "三、分领域进展")
    _text(doc, "平均进度是领域内可计算指标进度的加权平均，单项超过100%的按100%计。")
    _table(doc, "d in view.domains",
        [(N_("领域"), 50, "{{ d.name }}"), (N_("平均进度"), 21, "{{ d.score_pct | percent }}"), (N_("计入"), 13, "{{ d.scored }}")]
        + [(label, 14.4, "{{ d.counts." + code + " }}")
           for code, label in (("met", N_("已达成")), ("green", N_("正常")), ("yellow", N_("滞后")), ("red", N_("严重滞后")),
                               ("none", "无法判断"))])  # fmt: skip

    _heading(doc, "四、各项指标")
    _text(doc, "{%p for domain_name, lines, all_lines in view.paper_by_domain %}")
    _line(
        doc,
        "（{{ loop.index | ordinal }}）{{ domain_name or '总体目标' }}",
        KAI,
        16,
        indent=True,
        heads_table=True,
    )
    _table(doc, "i in lines",
        [(N_("编码"), 12, "{{ i.indicator }}"), (N_("指标"), 34, N_("{{ i.name }}{% if i.aspirational %}（力争）{% endif %}")),
         (N_("状态"), 22, LIGHT), (N_("现值"), 22, FIGURE), (N_("目标"), 21, "{{ i.wording }}"),
         (N_("进度"), 15, "{{ i.progress_pct | percent }}"), (N_("应达"), 15, "{{ i.expected_pct | percent }}"),
         (N_("完成率"), 15, "{{ i.attainment_pct | percent }}")])  # fmt: skip
    _folded(doc, "lines", "all_lines")
    _text(doc, "{%p for i in lines if i.units %}")
    _line(doc, "{{ i.name }}各地情况：", FANG, 16, indent=True, heads_table=True)
    _table(doc, "u in i.paper_units",
        [(N_("单位"), 40, "{{ u.unit_name }}"), (N_("状态"), 28, LIGHT.replace("i.", "u.")),
         (N_("现值"), 28, "{{ u.actual | quantity(i.unit_label) }}"), (N_("进度"), 20, "{{ u.progress_pct | percent }}"),
         (N_("说明"), 40, "{{ u.note | said or '' }}")])  # fmt: skip
    _folded(doc, "i.paper_units", "i.units", N_("共ALL个单位，上表是进度最慢的SHOWN个，全部见网页版通报。"))
    _text(doc, "{%p endfor %}")
    _text(doc, "{%p endfor %}")

    _heading(doc, "五、比上季变化")
    _text(doc, "{%p if view.changed %}")
    _table(doc, "i in view.paper_changed",
        [(N_("指标"), 64, "{{ i.name }}"), (N_("上季状态"), 24, "{{ (i.previous_light | light).label }}"),
         (N_("上季数值"), 24, PREVIOUS),
         (N_("本季状态"), 24, "{{ (i.light | light).label }}"), (N_("本季数值"), 24, FIGURE)])  # fmt: skip
    _folded(doc, "view.paper_changed", "view.changed")
    _text(doc, "{%p else %}")
    _text(doc, "各项指标状态与上季相同，或上季没有可比的数据。")
    _text(doc, "{%p endif %}")
    _text(doc, "{%p if view.restatements %}")
    _text(doc, "前期数据更正如下。")
    _table(doc, "r in view.restatements",
        [(N_("报告期"), 30, "{{ r.period | quarter }}"), (N_("单位"), 28, "{{ r.unit_name }}"), (N_("指标"), 34, "{{ r.name }}"),
         (N_("原值"), 20, RESTATED.replace("SIDE", "old")),
         (N_("更正为"), 20, RESTATED.replace("SIDE", "new")), (N_("原因"), 28, "{{ r.reason | said }}")])  # fmt: skip
    _text(doc, "{%p endif %}")

    _heading(doc, "六、报送情况")
    _text(doc, "{%p if view.late %}")
    _text(doc, "共{{ view.units | length }}个单位，未按时报齐{{ view.late | length }}个：{% for u in view.late %}{{ u.name }}（"
        "{% if u.owed_count %}尚欠{{ u.owed_count }}项{% else %}逾期报齐{% endif %}）{% if not loop.last %}、{% endif %}"
        "{% endfor %}。")  # fmt: skip
    _text(doc, "{%p endif %}")
    _table(doc, "u in view.paper_units",
        [(N_("名次"), 13, "{{ u.rank }}"), (N_("单位"), 55, "{{ u.name }}"), (N_("应报"), 14, "{{ u.expected }}"),
         (N_("采用"), 14, "{{ u.accepted }}"), (N_("完整率"), 20, "{{ u.completeness_pct | percent }}"),
         (N_("及时率"), 20, "{{ u.timeliness_pct | percent }}"),
         (N_("一次合格率"), 22, "{{ u.quality_pct | percent }}")])  # fmt: skip
    _folded(doc, "view.paper_units", "view.units",
        N_("共ALL个单位，上表是排名最前和最后的SHOWN个，全部见网页版通报。"))  # fmt: skip

    _heading(doc, "七、数据质量")
    _text(doc, "{%p if view.quality %}")
    _table(doc, "q in view.quality",
        [(N_("未满足的要求"), 88, "{{ q.title }}"), (N_("级别"), 24, "{{ q.severity | severity }}"), (N_("处数"), 20, "{{ q.findings }}"),
         (N_("涉及单位"), 24, "{{ q.units }}")])  # fmt: skip
    _text(doc, "{%p else %}")
    _text(doc, "本季报送的数据没有发现问题。")
    _text(doc, "{%p endif %}")
    _text(doc, "{%p for e in view.explanations %}")
    _text(doc, "{{ e.unit_name }}关于{{ e.name }}的说明：{{ e.remark }}")
    _text(doc, "{%p endfor %}")

    _heading(doc, "八、无法判断的指标及原因")
    _text(doc, "{%p if view.undefined %}")
    _table(doc, "i in view.paper_undefined", [(N_("编码"), 16, "{{ i.indicator }}"), (N_("指标"), 66, "{{ i.name }}"),
        (N_("原因"), 74, "{{ i.note | said }}")])  # fmt: skip
    _folded(doc, "view.paper_undefined", "view.undefined")
    _text(doc, "{%p else %}")
    _text(doc, "全部指标均可判断。")
    _text(doc, "{%p endif %}")
    _text(doc, "{%p if view.not_checked %}")
    _text(doc, "本季未能执行的检查：{{ view.not_checked | join('、') }}。")
    _text(doc, "{%p endif %}")

    _line(doc, "{{ office.sender_name }}", FANG, 16, ALIGN.RIGHT, before=30)
    _line(doc, "{{ view.as_of | day }}", FANG, 16, ALIGN.RIGHT)
    _text(doc, "联系人：{{ office.contact }}")
    out = io.BytesIO()
    doc.save(out)
    return same_bytes(out.getvalue())


def _page(doc: Any) -> None:
    page = doc.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin, page.bottom_margin, page.left_margin, page.right_margin = Mm(37), Mm(35), Mm(28), Mm(26)
    _font(doc.styles["Normal"], FANG, 16)
    level = doc.styles["Heading 1"]
    _font(level, HEI, 16)
    level.font.bold, level.font.color.rgb = False, RGBColor(0, 0, 0)
    footer = page.footer.paragraphs[0]
    footer.alignment = ALIGN.CENTER
    for kind, said in (("text", "— "), ("begin", ""), ("instr", "PAGE"), ("end", ""), ("text", " —")):
        run = footer.add_run(said if kind == "text" else "")
        run.font.size = Pt(14)
        if kind in ("begin", "end"):
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)
        elif kind == "instr":
            field = OxmlElement("w:instrText")
            field.text = said
            run._r.append(field)
    about = doc.core_properties
    about.author, about.title, about.comments, about.last_modified_by = "", doc.say(N_("进展通报")), "", ""
    # Of this template, not of any machine that builds it.
    about.created = about.modified = datetime(2019, 1, 1)  # noqa: DTZ001


def _font(holder: Any, name: str, size: float) -> None:
    holder.font.name, holder.font.size = "Times New Roman", Pt(size)
    fonts = holder._element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(theme), None)  # a theme font would win over the named one
    fonts.set(qn("w:eastAsia"), name)


def _line(
    doc: Any, text: str, font: str, size: float, align: Any = None, *, before: float = 0, after: float = 0,
    indent: bool = False, heads_table: bool = False,
) -> Any:  # fmt: skip
    paragraph = doc.add_paragraph()
    layout = paragraph.paragraph_format
    layout.space_before, layout.space_after, layout.line_spacing = (
        Pt(before),
        Pt(after),
        Pt(28 if size <= 16 else 34),
    )
    layout.alignment = align
    layout.keep_with_next = heads_table or None  # never alone at the foot of a page
    if indent:
        layout.first_line_indent = Pt(2 * size)
    _font(paragraph.add_run(doc.say(text)), font, size)
    return paragraph


def _heading(doc: Any, text: str) -> None:
    paragraph = doc.add_heading(level=1)
    layout = paragraph.paragraph_format
    layout.space_before, layout.space_after, layout.line_spacing = Pt(12), Pt(4), Pt(28)
    layout.first_line_indent = Pt(32)
    _font(paragraph.add_run(doc.say(text)), HEI, 16)


def _text(doc: Any, text: str) -> None:
    _line(doc, text, FANG, 16, indent=True)


def _folded(
    doc: Any, shown: str, rows: str, sentence: str = N_("上表列出SHOWN项，另有OTHERS项见网页版通报。")
) -> None:
    """What the table above leaves out, if anything; ``shown`` and ``rows`` are expressions of the template."""
    counts = {
        "SHOWN": f"{shown} | length",
        "ALL": f"{rows} | length",
        "OTHERS": f"{rows} | length - {shown} | length",
    }
    text = doc.say(sentence)
    for word, count in counts.items():
        text = text.replace(word, f"{{{{ {count} }}}}")
    _text(doc, f"{{%p if {rows} | length > {shown} | length %}}")
    _text(doc, text)
    _text(doc, "{%p endif %}")


def _table(doc: Any, loop: str, columns: Sequence[tuple[str, float, str]]) -> None:
    """One table: a repeated head row, and one row for each item of ``loop``; widths in mm."""
    table = doc.add_table(rows=4, cols=len(columns), style="Table Grid")
    table.autofit = False
    table.alignment = 1
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        edge = OxmlElement(f"w:{side}")
        edge.set(qn("w:w"), "60")  # twentieths of a point
        edge.set(qn("w:type"), "dxa")
        margins.append(edge)
    table._tbl.tblPr.append(margins)
    head = table.rows[0]._tr.get_or_add_trPr()
    again = OxmlElement("w:tblHeader")
    again.set(qn("w:val"), "true")
    head.append(again)
    _cell(table.cell(1, 0), "{%tr for " + loop + " %}", FANG)
    _cell(table.cell(3, 0), "{%tr endfor %}", FANG)
    keep = OxmlElement("w:cantSplit")
    table.rows[2]._tr.get_or_add_trPr().append(keep)
    for column, (title, width, value) in enumerate(columns):
        for row in table.rows:
            row.cells[column].width = Mm(width)
        table.columns[column].width = Mm(width)
        _cell(table.cell(0, column), doc.say(title), HEI, right=_is_figure(value))
        _cell(table.cell(2, column), doc.say(value), FANG, right=_is_figure(value))


def _is_figure(value: str) -> bool:
    words = (
        "percent",
        "quantity",
        "number(",
        "counts",
        "scored",
        "expected",
        "accepted",
        "findings",
        "q.units",
    )
    return any(word in value for word in words)


def _cell(cell: Any, text: str, font: str, *, right: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(2)
    paragraph.alignment = ALIGN.RIGHT if right else None
    _font(paragraph.add_run(text), font, 10.5)


if __name__ == "__main__":
    for spoken in (language("zh"), language("zh", is_yearly=True), language("en")):
        name = YEARLY if spoken.is_yearly else name_in(spoken)
        Path(__file__).with_name("report").joinpath(name.split("/")[1]).write_bytes(build(spoken))
