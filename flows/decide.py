"""Flow: what only the coordinator may decide, by form: extend, return, close, reopen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from prefect import flow
from prefect.states import Failed, State

from flows import desk, steps
from flows.office import Office
from flows.parameters import ALL_UNITS, CLOSE, EXTEND, REOPEN, RETURN, DecideForm, instant, unit_codes
from flows.steps import deciding

BLANK = DecideForm()


@flow(
    name="统筹决定",
    flow_run_name=desk.run_name("统筹决定"),
    description="延期、退回一份报送、关闭或重新开启报告期。须写明经办人和事由；只追加记录，不删除任何数据。",
)
def decide(form: DecideForm = BLANK) -> State[Any]:
    return desk.answered(lambda: _decide(form))


def _decide(form: DecideForm) -> State[Any]:
    if not (form.actor.strip() and form.reason.strip()):
        return Failed(name="表单不完整", message="必须写明经办人和事由")
    as_of = form.moment()
    acts: dict[str, Callable[[Office, DecideForm, str, datetime], str]] = {
        EXTEND: _extend, RETURN: _return, CLOSE: _close, REOPEN: _reopen,
    }  # fmt: skip
    with desk.office_for(form) as office:
        message = acts[form.matter](office, form, form.chosen_period(as_of), as_of)
        desk.as_task("寄出通知", lambda: steps.deliver(office, as_of).sent)
    return desk.finished("已办理", message)


def _extend(office: Office, form: DecideForm, period: str, as_of: datetime) -> str:
    codes = unit_codes(office.config, form.unit)
    if form.unit == ALL_UNITS or codes is None:
        raise deciding.DecisionRefused("延期须选择一家填报单位")
    if not form.until.strip():
        raise deciding.DecisionRefused("延期须写明新的截止时间")
    until = instant(form.until)
    deciding.extend(office, period, codes[0], until, form.actor, form.reason, as_of)
    return f"{form.unit} {period} 报送截止延至 {until:%Y-%m-%d %H:%M}"


def _return(office: Office, form: DecideForm, _: str, as_of: datetime) -> str:
    code = {label: code for code, label in deciding.REASON_CODES.items()}[form.reason_code]
    done = deciding.return_submission(office, form.receipt_no, form.actor, code, form.reason, as_of)
    return f"{done.receipt_no} 已退回，撤回数据 {done.withdrawn} 项"


def _close(office: Office, form: DecideForm, period: str, as_of: datetime) -> str:
    deciding.close(office, period, form.actor, form.reason, as_of)
    return f"{period} 已关闭"


def _reopen(office: Office, form: DecideForm, period: str, as_of: datetime) -> str:
    deciding.reopen(office, period, form.actor, form.reason, as_of)
    return f"{period} 已重新开启"
