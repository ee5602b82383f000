"""The forms a coordinator fills in Prefect: Chinese titles, drop-downs from the register, plain validation.

Belongs here: what may be chosen and how it reads. Does not: any work. The drop-down lists are read from the
office's register when Prefect generates a form's schema, and a broken register breaks no import (ADR 5).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from config.calendar import Cadence, period_end, period_of, previous_period
from config.register import Config, ConfigError
from flows import clock
from flows.office import open_office

LAST_QUARTER = "刚结束的季度"
COLLECT_CRON = "*/15 8-20 * * *"
OPEN_QUARTERS = "所有已开启的报告期"
ALL_UNITS = "全部单位"


def quarters(config: Config) -> list[str]:
    """Every period of the plan, latest first."""
    found = [config.plan.end_period]
    while found[-1] > config.plan.start_period:
        found.append(previous_period(found[-1]))
    return found


def unit_label(config: Config, code: str) -> str:
    """``市商务局(SWJ)``"""
    return f"{config.unit(code).name}({code})"


def unit_labels(config: Config) -> list[str]:
    return [ALL_UNITS, *(unit_label(config, unit.code) for unit in config.units)]


@lru_cache(maxsize=4)
def _register(home: str, config: str) -> Config | None:
    """One reading for all forms of a process. A broken register gives plain text fields; the run names the fault."""
    try:
        return open_office(Path(home) if home else None, Path(config) if config else None).config
    except ConfigError:
        return None


def cadence() -> Cadence:
    """How often the plan of this machine's office reports."""
    config = _register(os.environ.get("JIBAO_HOME", ""), os.environ.get("JIBAO_CONFIG", ""))
    return config.plan.cadence if config else Cadence.QUARTERLY


def collect_cron() -> str:
    """When this machine's office collects without being told of a file (Asia/Shanghai)."""
    config = _register(os.environ.get("JIBAO_HOME", ""), os.environ.get("JIBAO_CONFIG", ""))
    return config.settings.prefect.collect_cron if config else COLLECT_CRON


class FromRegister:
    """Marks a text whose choices come from the register of the office named by JIBAO_HOME and JIBAO_CONFIG."""

    def __init__(self, choices: Callable[[Config], list[str]]) -> None:
        self.choices = choices

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        config = _register(os.environ.get("JIBAO_HOME", ""), os.environ.get("JIBAO_CONFIG", ""))
        return {**handler(schema), **({"enum": self.choices(config)} if config else {})}


def _a_quarter(text: str) -> str:
    if text not in (LAST_QUARTER, OPEN_QUARTERS):
        try:
            period_end(text)
        except ValueError:
            raise ValueError(f"{text!r} 不是报告期；请写成 2019-Q3，按年报送的写成 2019-A1") from None
    return text


class NotAnInstant(ValueError):
    """What somebody wrote where a time belongs is none; the message says in Chinese how to write it."""


def instant(text: str) -> datetime:
    """A time as somebody wrote it in a form. Not a rule of the field itself: what a field refuses ends the run before
    it can answer, in Prefect's own English and with an alarm.

    :raises NotAnInstant: it is none
    """
    try:
        return clock.parse_instant(text.strip())
    except ValueError:
        raise NotAnInstant(f"{text.strip()[:40]!r} 不是时间；请写成 2019-10-25 或 2019-10-25T18:00") from None


Quarter = Annotated[str, AfterValidator(_a_quarter), FromRegister(lambda c: [LAST_QUARTER, *quarters(c)])]
OpenQuarter = Annotated[
    str, AfterValidator(_a_quarter), FromRegister(lambda c: [OPEN_QUARTERS, *quarters(c)])
]
Unit = Annotated[str, FromRegister(unit_labels)]


class Form(BaseModel):
    """What every form asks: who and why. Empty on schedules."""

    model_config = ConfigDict(extra="forbid", title="填写内容")

    actor: str = Field(
        "", title="经办人", description="谁在办理；定时任务留空。记入运行台账。", max_length=50
    )
    reason: str = Field("", title="事由", description="为什么手工办理。记入运行台账。", max_length=200)

    def trigger(self) -> str:
        """Who started it, as the run ledger keeps it."""
        if not self.actor:
            return "Prefect 定时"
        return f"Prefect:{self.actor}" + (f"({self.reason})" if self.reason else "")


class PeriodForm(Form):
    period: Quarter = Field(LAST_QUARTER, title="报告期", description="季度；默认按今天推算刚结束的季度。")

    def chosen_period(self, as_of: datetime) -> str:
        """Without a choice, the period of this office's plan that ended last."""
        if self.period != LAST_QUARTER:
            return self.period
        return previous_period(period_of(as_of.date(), cadence()))


class InstantForm(PeriodForm):
    as_of: str = Field(
        "",
        title="以哪个时刻为准",
        description="例如 2019-10-25 或 2019-10-25T18:00（北京时间）；留空即现在。",
    )

    def moment(self) -> datetime:
        return instant(self.as_of) if self.as_of.strip() else clock.now()


class OpenForm(InstantForm):
    pass


class OpenPeriodsForm(Form):
    period: OpenQuarter = Field(OPEN_QUARTERS, title="报告期", description="默认办理所有已开启的报告期。")

    def chosen_period(self) -> str | None:
        """None: whichever periods are open."""
        return None if self.period in (OPEN_QUARTERS, LAST_QUARTER) else self.period


class CollectForm(OpenPeriodsForm):
    unit: Unit = Field(ALL_UNITS, title="填报单位", description="只收取一个单位的投递文件夹，或全部单位。")
    send: bool = Field(True, title="寄出邮件", description="回执和退回立即寄出；不勾选则只排队。")


class RemindForm(OpenPeriodsForm):
    send: bool = Field(True, title="寄出邮件", description="不勾选则只排队。")
    unanswered_hours: float = Field(
        24, title="签发提醒（小时）", description="通报待签发超过这么久，就写信提醒统筹，每天一次。", ge=0
    )


class ReportForm(InstantForm):
    after_due: bool = Field(
        False, title="只在截止后测算", description="定时任务用：未到截止时间或尚未开启时什么也不做。"
    )


class SignOffForm(InstantForm):
    pass


class RecheckForm(PeriodForm):
    send: bool = Field(True, title="寄出邮件", description="结论有变的单位立即收到通知；不勾选则只排队。")


class MaintainForm(Form):
    backup: bool = Field(True, title="备份", description="做一份核验过的备份；不勾选则只清理和检查。")


class RerunForm(InstantForm):
    unit: Unit = Field(ALL_UNITS, title="填报单位", description="只重新收取一个单位的报送，或全部单位。")
    dry_run: bool = Field(
        True,
        title="试算",
        description="勾选时只在副本上演算，列出会变动的数据、状态和邮件，什么都不改。取消勾选才正式办理，须写明经办人和事由。",
    )
    send: bool = Field(
        False, title="寄出邮件", description="正式办理时寄出回执和退回；不勾选则只排队。通报须另行签发。"
    )

    def missing(self) -> str:
        """What a real rerun still needs, in one line; empty when nothing."""
        if self.dry_run or (self.actor.strip() and self.reason.strip()):
            return ""
        return "正式重跑必须写明经办人和事由；只想看看会变动什么，请勾选“试算”"


EXTEND, RETURN, CLOSE, REOPEN = "延期", "退回报送", "关闭报告期", "重新开启"


class DecideForm(InstantForm):
    matter: Literal["延期", "退回报送", "关闭报告期", "重新开启"] = Field(
        EXTEND, title="事项", description="经办人和事由必填。"
    )
    unit: Unit = Field(ALL_UNITS, title="填报单位", description="延期时选择一家。")
    until: str = Field(
        "", title="新的截止时间", description="延期时填写，例如 2019-10-30T18:00（北京时间）。"
    )
    receipt_no: str = Field("", title="回执号", description="退回报送时填写，见回执邮件。", max_length=60)
    reason_code: Literal["口径不符", "数据有误", "缺少佐证", "报错文件", "单位申请撤回", "其他"] = Field(
        "其他", title="理由类别", description="退回报送时选择。"
    )


class AlarmForm(Form):
    kind: Literal["出错", "迟误", "暂停"] = Field("出错", title="类别", description="告的是哪一类事。")
    run: str = Field("", title="任务", description="出错的任务名称。", max_length=300)
    run_id: str = Field("", title="编号", description="出错的任务编号。", max_length=100)
    state: str = Field("", title="状态", description="任务结束时的状态。", max_length=100)
    message: str = Field("", title="说明", description="任务结束时的说明。")


def unit_codes(config: Config, label: str) -> list[str] | None:
    """The unit behind a drop-down entry (or a name, alias or code); None means all.

    :raises ValueError: no such unit
    """
    if label == ALL_UNITS:
        return None
    name, _, code = label.removesuffix(")").rpartition("(")
    unit = config.find_unit(label) or config.find_unit(code) or config.find_unit(name)
    if unit is None:
        raise ValueError(f"没有这个填报单位：{label}")
    return [unit.code]
