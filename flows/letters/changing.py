"""What a later file changed in figures that already counted: told to the coordinator, old beside new."""

from __future__ import annotations

from collections.abc import Sequence

from config.language import Language
from flows.letters.posting import Post
from templates.formats import light, quantity
from templates.views import CountedLine
from warehouse.facts import Judged
from warehouse.ledger import OutgoingMail

LINES_MAX = 40


def change_alert(post: Post, judged: Judged, counted: Sequence[CountedLine]) -> list[OutgoingMail]:
    """One alert a file that replaced accepted figures of indicators; none when nothing was replaced.

    :param counted: what the file brought
    """
    changed = [line for line in counted if line.is_change and line.is_indicator]
    if not changed:
        return []
    s = judged.submission
    lines = [_told(post.say, line) for line in changed[:LINES_MAX]]
    if len(changed) > LINES_MAX:
        lines.append(post.say("另有%(n)s项，见回执。", n=len(changed) - LINES_MAX))
    restated = any(line.reason.startswith("重述") for line in changed)
    say, name, n = post.say, post.name_of(s.unit), len(changed)
    file = {"receipt_no": s.receipt_no, "file_name": s.file_name}
    return [
        post.alert(
            say("%(unit)s重述了%(n)s项已采用的数据", unit=name, n=n)
            if restated
            else say("%(unit)s更正了%(n)s项已采用的数据", unit=name, n=n),
            lines,
            say(
                "回执%(receipt_no)s，文件“%(file_name)s”。属于以前季度，重新汇总后，已发布的该季通报会随之变化。"
                "对改动有疑问的，请退回并说明理由。",
                **file,
            )
            if restated
            else say(
                "回执%(receipt_no)s，文件“%(file_name)s”。重新汇总后计入。对改动有疑问的，请退回并说明理由。",
                **file,
            ),
            step=f"changed/{s.receipt_no}",
            period=s.period,
        )
    ]


def _told(say: Language, line: CountedLine) -> str:
    old = _figure(say, line.previous_value, line.previous_state, line.previous_is_nil, line.unit_label)
    new = _figure(say, line.value, line.state, line.is_nil, line.unit_label)
    published = line.published_light
    shown = light(published, say).label if published and published != "none" else ""
    told = say("%(name)s（%(item)s）：%(old)s 改为 %(new)s", name=line.name, item=line.item, old=old, new=new)
    if shown:
        told += say("，现灯号%(light)s，可能变化", light=shown)
    if line.reason.startswith("重述"):
        told += say("；原因：%(reason)s", reason=say.stored(line.reason.removeprefix("重述：")))
    return told


def _figure(say: Language, value: float | None, state: str | None, is_nil: bool, unit_label: str) -> str:
    return say("零报告") if is_nil else say(state) if state else quantity(value, unit_label, 4, say)
