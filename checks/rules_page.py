"""The rules in words: docs/rules.md and the rows for the workbook's 填报说明, both from rules.yml.

Run ``python -m checks.rules_page docs/rules.md`` after a change; a test holds the page against the rules.
"""

from __future__ import annotations

import sys
from pathlib import Path

from checks.findings import Severity
from checks.messages import catalogue, number
from checks.rules import Rule, load_rules
from config.language import CHINESE, N_, Language
from config.settings import Checks

_SEVERITY = {Severity.ERROR: N_("错误"), Severity.WARNING: N_("警告"), Severity.INFO: N_("提示")}
_CONSEQUENCE = {
    (Severity.ERROR, "files"): N_("整份文件不采用，更正后重报"),
    (Severity.ERROR, "rows"): N_("该行不采用，更正后重报"),
    (Severity.WARNING, "files"): N_("采用，请核对"),
    (Severity.WARNING, "rows"): N_("采用，请核对或说明原因"),
    (Severity.INFO, "files"): N_("采用，仅作告知"),
    (Severity.INFO, "rows"): N_("采用，仅作告知"),
}
_FRAMES = {"files": "整份文件", "rows": "逐行逐格"}
_MISSING = {"skip_any": "任一为空则不比较", "skip_all": "两者都空才不比较", "never": "空值也算不符"}
_HEAD = """\
<!-- Generated from checks/rules.yml and checks/messages.yml by checks/rules_page.py; do not edit. -->
# 校验规则

每批新收文件由 Great Expectations 一次核验。规则写在 `checks/rules.yml`，提示语写在 `checks/messages.yml`，\
门槛值写在 `settings.yml` 的 `checks` 一节（附日期和理由）。

| 级别 | 后果 |
| --- | --- |
| 错误 | 该行（或整份文件）不采用，退回更正；同一文件中没有错误的行照常采用 |
| 警告 | 采用，请填报单位在“说明”栏说明原因；已说明的不再询问 |
| 提示 | 采用，仅作告知 |

同一列连续三格以上的同一问题合并为一条，写明单元格范围。不适用某条规则的行（例如没有上季数）不参与该条规则。\
规则执行出错时，整批记为“未校验”，不发布。
"""


def rules_markdown() -> str:
    """The whole page; ends with a newline."""
    parts = [_HEAD]
    for frame, title in _FRAMES.items():
        parts.append(
            f"## {title}\n\n| 规则 | 要求 | 级别 | 依据的列与门槛 | 提示语 |\n| --- | --- | --- | --- | --- |"
        )
        parts += [_line(rule) for rule in load_rules() if rule.frame == frame]
        parts.append("")
    return "\n".join(parts)


def rules_rows(say: Language = CHINESE) -> list[tuple[str, str, str]]:
    """(要求, 级别, 后果) of every rule a clerk can break, for the workbook's 填报说明 sheet."""
    told = [rule for rule in load_rules() if rule.rule != "held"]
    return [
        (say(rule.title), say(_SEVERITY[rule.severity]), say(_CONSEQUENCE[rule.severity, rule.frame]))
        for rule in told
    ]


def _line(rule: Rule) -> str:
    wordings = "<br>".join(f"`{key}`：{text}" if key else text for key, text in _wordings(rule))
    cells = (f"`{rule.rule}`", rule.title, _severity(rule), _basis(rule), wordings)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _severity(rule: Rule) -> str:
    others = "".join(f"；{variant}：{_SEVERITY[s]}" for variant, s in rule.severities.items())
    return _SEVERITY[rule.severity] + others


def _basis(rule: Rule) -> str:
    text = "、".join(f"`{column}`" for column in rule.reads)
    if rule.within is not None:
        text += f"，门槛 `{rule.within}`（默认{number(getattr(Checks(), rule.within))}）"
    if rule.missing is not None:
        text += f"，{_MISSING[rule.missing]}"
    return text


def _wordings(rule: Rule) -> list[tuple[str, str]]:
    """(variant, template); the rule's own wording has variant ''."""
    prefix = f"{rule.rule}."
    return [
        (key.removeprefix(prefix) if key != rule.rule else "", text)
        for key, text in catalogue().items()
        if key == rule.rule or key.startswith(prefix)
    ]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(rules_markdown(), "utf-8")
