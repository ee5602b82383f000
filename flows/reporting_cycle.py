"""Flow: rerun a quarter by hand, for all units or for one; first as a rehearsal that changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.states import Failed, State

from flows import artifacts, desk, steps
from flows.office import Office
from flows.parameters import RerunForm, unit_codes
from flows.steps import deciding
from flows.steps.opening import check_not_over
from flows.steps.rehearsing import rehearse

BLANK = RerunForm()


@flow(
    name="季度重跑",
    flow_run_name=desk.run_name("重跑"),
    description=(
        "对一个季度依次开启、收取与校验、测算、生成通报；可只收取一个单位。默认只试算，列出会变动什么。"
        "正式办理须写明经办人和事由；已关闭的季度须先重新开启。重复运行不产生新修订，也不重复寄信。"
    ),
)
def reporting_cycle(form: RerunForm = BLANK) -> State[Any]:
    return desk.answered(lambda: _rerun(form))


def _rerun(form: RerunForm) -> State[Any]:
    if missing := form.missing():
        return Failed(name="表单不完整", message=missing)
    as_of = form.moment()
    period = form.chosen_period(as_of)
    with desk.office_for(form) as office:
        if not desk.in_plan(office, period):
            return desk.out_of_plan(office, period)
        check_not_over(office, period, as_of)
        units = unit_codes(office.config, form.unit)
        if form.dry_run:
            return _rehearse(office, period, as_of, units)
        deciding.check_not_closed(office, period)
        with artifacts.Progress(f"{period} 重跑", 4) as progress:
            desk.as_task("开启报送周期", lambda: steps.open_cycle(office, period, as_of))
            progress.step("开启")
            collected = desk.as_task(
                "收取与校验", lambda: steps.collect(office, as_of, period=period, units=units, send=False)
            )
            progress.step("收取")
            reported = desk.as_task("测算并生成通报", lambda: steps.report(office, period, as_of))
            progress.step("测算")
            if form.send:
                desk.as_task("寄出回执与退回", lambda: steps.deliver(office, as_of).sent)
            artifacts.verdicts(office, collected)
            artifacts.findings(office, period)
            artifacts.attainment(reported)
            artifacts.who_owes(office, steps.status(office, period, as_of))
            artifacts.mail_queue(office, period)
            progress.step("列表")
    accepted = collected.accepted + collected.accepted_with_warnings
    return desk.finished(
        "有退回" if collected.has_problems else "已完成",
        f"{period} 接收 {accepted} 份，退回 {collected.returned} 份，暂存 {collected.quarantined} 份；"
        f"通报在 reports/{period}/{reported.summary.name}",
    )


def _rehearse(office: Office, period: str, as_of: datetime, units: list[str] | None) -> State[Any]:
    found = desk.as_task("在副本上演算", lambda: rehearse(office, period, as_of, units=units))
    artifacts.rehearsal(office, period, found, closed=deciding.is_closed(office, period))
    if found.changes_nothing:
        return desk.finished("已试算", f"{period} 重跑不会改变任何数据、状态或邮件")
    return desk.finished(
        "已试算",
        f"{period} 正式重跑会新增修订 {len(found.revisions)} 条，变动状态或现值 {len(found.lights)} 项，"
        f"新邮件 {len(found.mails)} 封；现在什么都没有改，明细见 Artifacts",
    )
