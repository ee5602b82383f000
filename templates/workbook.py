"""The upload workbook, cell by cell as the layout promises. Reading one back belongs to warehouse.intake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from config.language import CHINESE, N_, Language
from templates.formats import clean, moment, quarter

TEMPLATE_VERSION: Final = "1"
FIGURES: Final = N_("填报表")
PROGRESS: Final = N_("工作进展")
GUIDE: Final = N_("填报说明")
META: Final = "_meta"
FIGURE_HEADER: Final = (
    N_("指标编码"), N_("指标名称"), N_("计量单位"), N_("口径"), N_("%(year)s目标"), N_("上期值"),
    N_("本期值"), N_("分子"), N_("分母"), N_("零报告"), N_("说明"),
)  # fmt: skip
PROGRESS_HEADER: Final = (
    N_("措施编码"),
    N_("措施名称"),
    N_("角色"),
    N_("进展状态"),
    N_("进展说明"),
    N_("佐证"),
)
STATES: Final = (N_("未启动"), N_("推进中"), N_("已完成"))
HEADER_ROW: Final = 3  # 0-based: row 4 of the sheet
END_LABEL: Final = N_("填报行数")
ROLES: Final = {"lead": N_("牵头"), "contributing": N_("配合")}
# The file's own date is fixed: the same content gives the same bytes, so a rerun changes nothing.
_CREATED: Final = datetime(2016, 1, 1)  # noqa: DTZ001 (the format stores no zone)


@dataclass(frozen=True)
class FigureRow:
    """One owed indicator. ``measure``: amount, count, percent, state; ``previous``: last quarter's cell."""

    item: str
    name: str
    unit_label: str
    definition: str
    target: str  # the notice's own words
    measure: str
    needs_parts: bool = False
    previous: float | str | None = None


@dataclass(frozen=True)
class ProgressRow:
    """One action or safeguard; ``role`` lead (owed) or contributing (may be filled)."""

    item: str
    name: str
    role: str


@dataclass(frozen=True)
class WorkbookSpec:
    plan_id: str
    plan_name: str
    plan_hash: str
    unit: str
    unit_name: str
    period: str
    due_at: datetime
    contact: str  # whom to ask, one line
    figures: tuple[FigureRow, ...]
    progress: tuple[ProgressRow, ...]
    template_version: str = TEMPLATE_VERSION
    rules: tuple[tuple[str, str, str], ...] = ()  # 要求, 级别, 后果 of each check, told in the guide
    end_year: int = 2020  # of the targets
    say: Language = CHINESE  # the language of sheets, headers and hints; intake reads each of them


@dataclass(frozen=True)
class Filled:
    """What a clerk writes into one row, for samples and tests. Text stays text, numbers numbers."""

    value: float | str | None = None
    numerator: float | str | None = None
    denominator: float | str | None = None
    nil: str = ""
    remark: str = ""  # 说明, or 进展说明
    evidence: str = ""
    percent_cell: bool = False  # the value is a share (0.73) in a cell formatted as per cent


class _Book:
    """One workbook being written, with its cell formats."""

    def __init__(self, spec: WorkbookSpec) -> None:
        self.spec = spec
        self.say = spec.say
        self.buffer = BytesIO()
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self.book = Workbook(self.buffer, options)
        self.book.set_properties({"title": f"{spec.period} {clean(spec.unit_name)}", "created": _CREATED})
        base = {"font_name": "宋体", "font_size": 11, "valign": "vcenter"}
        self.label = self._format(base, bold=True)
        self.plain = self._format(base, align="left")
        self.title = self._format(base, bold=True, font_size=16)
        self.header = self._format(
            base, bold=True, border=1, align="center", text_wrap=True, bg_color="#D9E2F0"
        )
        self.fixed = self._format(base, border=1, text_wrap=True, bg_color="#F4F5F7")
        self.fixed_number = self._format(base, border=1, bg_color="#F4F5F7", align="right")
        entry: dict[str, Any] = {**base, "border": 1, "locked": False, "bg_color": "#FFFBE6"}
        self.entry_text = self._format(entry, text_wrap=True)
        self.entry_choice = self._format(entry, align="center")
        # Percent and state cells stay General: Excel then marks a typed 73% as per cent by itself.
        self.entry_number = {
            "amount": self._format(entry, num_format="#,##0.00##", align="right"),
            "count": self._format(entry, num_format="#,##0", align="right"),
            "percent": self._format(entry, align="right"),
            "part": self._format(entry, align="right"),
            "no_part": self._format(
                base, border=1, locked=False, align="right"
            ),  # open, but nobody asks for it
            "state": self.entry_choice,
            "share": self._format(entry, num_format="0.00%", align="right"),
        }

    def _format(self, base: dict[str, Any], **more: Any) -> Format:
        return self.book.add_format({**base, **more})

    def finish(self) -> bytes:
        self.book.close()
        return self.buffer.getvalue()


def figure_header(end_year: int, say: Language = CHINESE) -> tuple[str, ...]:
    """The columns of the figures' sheet as printed."""
    return tuple(say(text, year=end_year) if "%(" in text else say(text) for text in FIGURE_HEADER)


def _put(sheet: Worksheet, row: int, column: int, value: float | str | None, cell_format: Format) -> None:
    """A number as a number, text as text whatever it begins with, nothing as a formatted blank."""
    if value is None or value == "":
        sheet.write_blank(row, column, None, cell_format)
    elif isinstance(value, str):
        sheet.write_string(row, column, clean(value), cell_format)
    else:
        sheet.write_number(row, column, value, cell_format)


def _word(book: _Book, value: float | str | None) -> float | str | None:
    """A state or 是 in the language of the sheet's drop-downs; everything else as it is."""
    return book.say(value) if value in (*STATES, "是", "否") else value


def _validate(sheet: Worksheet, row: int, column: int, options: dict[str, Any]) -> None:
    # XlsxWriter drops an over-long rule with a mere warning; without its drop-down the template is broken.
    if sheet.data_validation(row, column, row, column, options) != 0:
        raise ValueError(f"data validation refused at row {row + 1}, column {column + 1}: {options}")


def _head(
    book: _Book, sheet: Worksheet, title: str, header: tuple[str, ...], widths: tuple[int, ...]
) -> None:
    spec = book.spec
    sheet.set_row(0, 30)
    sheet.write_string(0, 0, clean(title), book.title)
    say = spec.say
    texts = (say("填报单位"), spec.unit_name, say("单位编码"), spec.unit, say("报告期"), spec.period)
    for column, text in enumerate(texts):
        sheet.write_string(1, column, clean(text), book.plain if column % 2 else book.label)
    sheet.set_row(HEADER_ROW, 24)
    for column, (text, width) in enumerate(zip(header, widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(HEADER_ROW, column, text, book.header)
    sheet.freeze_panes(HEADER_ROW + 1, 2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEADER_ROW)
    sheet.set_margins(0.4, 0.4, 0.6, 0.6)
    sheet.set_footer(say("&C第&P页 共&N页"))
    sheet.protect("", {"format_columns": True, "format_rows": True})


def _height(*cells: tuple[str, int]) -> int:
    """Row height in points for wrapped text: viewers do not grow rows of a protected sheet by themselves."""
    lines = max(
        -(-sum(2 if ord(c) > 0xFF else 1 for c in text) // max(width - 1, 1)) for text, width in cells
    )
    return max(20, min(15 * max(lines, 1) + 4, 400))


_FIGURE_WIDTHS: Final = (10, 26, 10, 36, 20, 12, 14, 12, 12, 9, 30)
_PROGRESS_WIDTHS: Final = (11, 56, 8, 12, 46, 36)


def _figures(book: _Book, figures: Mapping[str, Filled]) -> None:
    spec = book.spec
    sheet = book.book.add_worksheet(book.say(FIGURES))
    title = book.say(
        "%(plan)s填报表（%(period)s）", plan=spec.plan_name, period=quarter(spec.period, book.say)
    )
    _head(book, sheet, title, figure_header(spec.end_year, book.say), _FIGURE_WIDTHS)
    row = HEADER_ROW + 1
    for line in spec.figures:
        filled = figures.get(line.item, Filled())
        sheet.set_row(row, _height((line.name, 26), (line.definition, 36), (line.target, 20)))
        for column, text in enumerate((line.item, line.name, line.unit_label, line.definition, line.target)):
            sheet.write_string(row, column, clean(text), book.fixed)
        _put(sheet, row, 5, _word(book, line.previous), book.fixed_number)
        _put(
            sheet,
            row,
            6,
            _word(book, filled.value),
            book.entry_number["share" if filled.percent_cell else line.measure],
        )
        part = book.entry_number["part" if line.needs_parts else "no_part"]
        _put(sheet, row, 7, filled.numerator, part)
        _put(sheet, row, 8, filled.denominator, part)
        _put(sheet, row, 9, _word(book, filled.nil), book.entry_choice)
        _put(sheet, row, 10, filled.remark, book.entry_text)
        _guide_cell(book.say, sheet, row, line)
        row += 1
    sheet.write_string(row, 0, book.say(END_LABEL), book.label)
    sheet.write_number(row, 1, len(spec.figures), book.plain)


def _guide_cell(say: Language, sheet: Worksheet, row: int, line: FigureRow) -> None:
    if line.measure == "state":
        message = say("请从下拉列表中选择：未启动、推进中、已完成。")
        _validate(sheet, row, 6, {
            "validate": "list", "source": [say(state) for state in STATES], "input_title": say("本期值"),
            "input_message": message, "error_title": say("请选择状态"), "error_message": message,
        })  # fmt: skip
    else:
        hint = say("73%填73。") if line.measure == "percent" else ""
        parts = say("分子、分母须同时填写。") if line.needs_parts else ""
        _validate(sheet, row, 6, {
            "validate": "any", "input_title": say("本期值"),
            "input_message": say("计量单位：%(unit)s。只填数字。", unit=clean(line.unit_label)[:40]) + hint + parts
            + say("没有数据请留空，确无发生额请在“零报告”选“是”。"),
        })  # fmt: skip
    _validate(sheet, row, 9, {
        "validate": "list", "source": [say("是"), say("否")], "input_title": say("零报告"),
        "input_message": say("本季确无发生额的选“是”；有数值的不选。"),
        "error_title": say("零报告"), "error_message": say("只能选“是”或“否”，或留空。"),
    })  # fmt: skip


def _progress(book: _Book, figures: Mapping[str, Filled]) -> None:
    spec = book.spec
    sheet = book.book.add_worksheet(book.say(PROGRESS))
    title = book.say(
        "%(plan)s工作进展（%(period)s）", plan=spec.plan_name, period=quarter(spec.period, book.say)
    )
    _head(book, sheet, title, tuple(map(book.say, PROGRESS_HEADER)), _PROGRESS_WIDTHS)
    for row, line in enumerate(spec.progress, HEADER_ROW + 1):
        filled = figures.get(line.item, Filled())
        sheet.set_row(row, max(34, _height((line.name, 56))))
        for column, text in enumerate((line.item, line.name, book.say(ROLES.get(line.role, line.role)))):
            sheet.write_string(row, column, clean(text), book.fixed)
        _put(sheet, row, 3, _word(book, filled.value), book.entry_choice)
        _put(sheet, row, 4, filled.remark, book.entry_text)
        _put(sheet, row, 5, filled.evidence, book.entry_text)
        message = book.say("请从下拉列表中选择：未启动、推进中、已完成。") + (
            "" if line.role == "lead" else book.say("配合单位可不填。")
        )
        _validate(sheet, row, 3, {
            "validate": "list", "source": [book.say(state) for state in STATES],
            "input_title": book.say("进展状态"), "input_message": message,
            "error_title": book.say("请选择状态"), "error_message": message,
        })  # fmt: skip


def _guide(book: _Book) -> None:
    spec, say = book.spec, book.say
    sheet = book.book.add_worksheet(book.say(GUIDE))
    sheet.set_column(0, 0, 6)
    sheet.set_column(1, 1, 100)
    sheet.write_string(0, 0, say(GUIDE), book.title)
    wrap = book.book.add_format({"font_name": "宋体", "font_size": 11, "text_wrap": True, "valign": "top"})
    lines = (
        say("截止时间：%(due_at)s（北京时间）。", due_at=moment(spec.due_at, say)),
        say(
            "只填浅黄色单元格：“填报表”的本期值、分子、分母、零报告、说明，“工作进展”的进展状态、进展说明、佐证。其余单元格已锁定，请勿改动。"
        ),
        say(
            "本期值按“计量单位”一栏填数字，例如计量单位为亿元时，1000亿元填1000；为%时，73%填73。不要填约数、区间。"
        ),
        say(
            "没有数据请留空，留空视为未报；本季确无发生额的，在“零报告”一栏选“是”；数值为零的填0。三者含义不同。"
        ),
        say("标注须报分子、分母的指标，请同时填写分子和分母。"),
        say(
            "里程碑类指标和工作进展从下拉列表选择：未启动、推进中、已完成。填“已完成”的，请在佐证一栏写明依据。"
        ),
        say("工作进展由牵头单位填报，配合单位可以补充。"),
        say(
            "填好后保存，放入本单位的投递文件夹（%(unit)s），几分钟内会收到回执或退回通知。退回的文件改正后可直接再次投递。",
            unit=spec.unit,
        ),
        say("联系人：%(contact)s", contact=spec.contact),
    )
    for row, text in enumerate(lines, 2):
        sheet.write_number(row, 0, row - 1, wrap)
        sheet.write_string(row, 1, clean(text), wrap)
        sheet.set_row(row, _height((text, 100)))
    if spec.rules:
        _guide_rules(book, sheet, len(lines) + 3)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.protect()


def _guide_rules(book: _Book, sheet: Worksheet, top: int) -> None:
    """What is checked on receipt, one row a rule: the clerk can read it before sending."""
    sheet.set_column(2, 2, 8)
    sheet.set_column(3, 3, 36)
    sheet.write_string(top, 0, book.say("收到后按下列规则校验"), book.label)
    for column, text in enumerate((N_("序号"), N_("要求"), N_("级别"), N_("不符合的后果"))):
        sheet.write_string(top + 1, column, book.say(text), book.header)
    for number, rule in enumerate(book.spec.rules, 1):
        sheet.write_number(top + 1 + number, 0, number, book.fixed)
        for column, text in enumerate(rule, 1):
            sheet.write_string(top + 1 + number, column, clean(text), book.fixed)
        sheet.set_row(top + 1 + number, 20)


def upload_workbook(spec: WorkbookSpec, figures: Mapping[str, Filled] | None = None) -> bytes:
    """The .xlsx one unit fills in for one period; ``figures`` (by item code) fills cells as a clerk would.

    The same spec gives the same bytes. Raises ValueError where Excel would refuse a drop-down or message.
    """
    book = _Book(spec)
    _figures(book, figures or {})
    _progress(book, figures or {})
    _guide(book)
    meta = book.book.add_worksheet(META)
    pairs = (
        ("template_version", spec.template_version), ("plan_id", spec.plan_id), ("unit", spec.unit),
        ("period", spec.period), ("plan_hash", spec.plan_hash),
    )  # fmt: skip
    for row, (key, value) in enumerate(pairs):
        meta.write_string(row, 0, key)
        meta.write_string(row, 1, clean(value))
    meta.very_hidden()
    return book.finish()
