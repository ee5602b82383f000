"""Where a flow run meets the use cases: the office of this machine, one writer at a time, states in Chinese.

Belongs here: what all flows share. Does not: any rule of the reporting cycle (flows.steps).
"""

from __future__ import annotations

import errno
import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import StateType
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.exceptions import FailedRun, Pause
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State

from config.calendar import SHANGHAI
from config.register import ConfigError
from flows import clock, logbook, missed, troubles
from flows.home import Home
from flows.office import Office, open_office
from flows.parameters import ALL_UNITS, LAST_QUARTER, OPEN_QUARTERS, Form, InstantForm, NotAnInstant
from flows.secrecy import redact
from flows.steps.collecting import NotChecked
from flows.steps.deciding import DecisionRefused, check_moment
from flows.steps.taking import CollectionBusy
from flows.steps.viewing import NotOpened
from warehouse.store import StoreError

WRITER = "jibao-writer"
# Slots of a killed holder come free after this long; a living one renews its lease.
LEASE_SECONDS = 60
WAIT_SECONDS = 1800
SERVER_AWAY_SECONDS = 120

UNFORESEEN = "办理失败"
# A shorter wait is nothing to speak of.
TOLD_SECONDS = 1.0
_waited_for: ContextVar[str] = ContextVar("waited_for", default="")


class _AnsweredAlready(logging.Filter):
    """Prefect logs a trace for every flow that returns a failure; the failure has been told by then."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], FailedRun))


logging.getLogger("prefect.flow_runs").addFilter(_AnsweredAlready())

T = TypeVar("T")
Q = TypeVar("Q", bound=RunInput)


@contextmanager
def office_for(form: Form) -> Iterator[Office]:
    """The office named by JIBAO_HOME and JIBAO_CONFIG, with the writer's slot held.

    The slot only makes waiting visible; what protects the warehouse is the store's own file lock.
    """
    office = open_office(trigger=form.trigger())
    if isinstance(form, InstantForm) and form.as_of.strip():
        check_moment(office, form.moment())
    logger = get_run_logger()
    others = patient(_at_work)
    if others:
        logger.info("同一时间只有一个任务写仓库（并发限额 %s），等待%s办完", WRITER, others)
    asked = time.monotonic()
    with ExitStack() as held:
        patient(lambda: held.enter_context(_writer()))
        if others and time.monotonic() - asked >= TOLD_SECONDS:
            _waited_for.set(others)
        logger.info("开始办理")
        yield office


def _writer() -> AbstractContextManager[None]:
    """The writer's slot. A lease that cannot be renewed while the server is away ends no work: the file lock holds."""
    return concurrency(
        WRITER, timeout_seconds=WAIT_SECONDS, lease_duration=LEASE_SECONDS, strict=True,
        raise_on_lease_renewal_failure=False,
    )  # fmt: skip


def patient(call: Callable[[], T]) -> T:
    """``call`` once more while the server is away: Prefect's clients only wait for one they have met before."""
    give_up = time.monotonic() + SERVER_AWAY_SECONDS
    while True:
        try:
            return call()
        except (httpx.TransportError, ConcurrencySlotAcquisitionError) as error:
            cause = error.__cause__ or error
            if not isinstance(cause, httpx.TransportError) or time.monotonic() >= give_up:
                raise
            time.sleep(2)


def _at_work() -> str:
    """Names of the office's other runs that are under way, as people read them; empty when there is none."""
    with get_client(sync_client=True) as client:
        found = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                tags=FlowRunFilterTags(all_=[missed.TAG]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING])),
            )
        )
    return "、".join(f"“{run.name}”" for run in found if str(run.id) != flow_run.id)


def as_task(name: str, work: Callable[[], T]) -> T:
    """Runs one step as a task run. Nothing passes through task parameters or results: Prefect would walk every value.

    :raises Exception: whatever ``work`` raised; the task run says in Chinese what to do, without a trace
    """
    done: list[T] = []
    raised: list[Exception] = []

    def step() -> State[Any] | None:
        try:
            done.append(work())
        except Exception as error:
            raised.append(error)
            return failure(error)
        return None

    task(name=name, task_run_name=name, cache_policy=NO_CACHE, persist_result=False)(step)(return_state=True)
    if raised:
        raise raised[0]
    return done[0]


def run_name(what: str) -> Callable[[], str]:
    """Names runs like ``2019-Q3 采集 市商务局``."""

    def name() -> str:
        form: Any = flow_run.parameters.get("form") or {}
        fields: Mapping[str, Any] = form if isinstance(form, Mapping) else form.model_dump()
        period = fields.get("period") or LAST_QUARTER
        unit = fields.get("unit") or ALL_UNITS
        parts = [period, what]
        if unit != ALL_UNITS:
            parts.append(unit.rpartition("(")[0] or unit)
        if period in (LAST_QUARTER, OPEN_QUARTERS):
            parts = parts[1:]
        return " ".join(parts)

    return name


def finished(name: str, message: str) -> State[Any]:
    """A completed state with a meaning of its own, such as 有退回."""
    return Completed(name=name, message=redact(message))


def answered(work: Callable[[], State[Any]]) -> State[Any]:
    """The state ``work`` ends in; what a person can put right becomes a failure that says how."""
    _waited_for.set("")
    try:
        state = patient(missed.merged) or work()
    except Exception as error:  # the last edge: people are told what to do
        state = failure(error)
        get_run_logger().error("%s", state.message)
        if state.name == UNFORESEEN:
            # The trace is for the operator, who reads HOME/logs.
            _keep_trace(error)
        return state
    if others := _waited_for.get():
        # Whoever asked for the same thing at the same time is told why nothing may be left to change.
        return state.model_copy(update={"message": f"{state.message}；先等了{others}办完"})
    return state


def failure(error: Exception) -> State[Any]:
    """The failed state that says in Chinese what became impossible and what to do; secrets masked."""
    name, message = _told(error)
    return Failed(name=name, message=redact(message))


def _told(error: Exception) -> tuple[str, str]:
    if isinstance(error, ConfigError):
        return "配置有误", f"{error}；请改正后重试"
    if isinstance(error, NotOpened):
        return "尚未开启", f"{error}；也可在界面运行“开启报送”"
    if isinstance(error, NotChecked):
        return "未能校验", f"{error}；文件仍在投递目录，排除故障后重试即可"
    if isinstance(error, DecisionRefused | NotAnInstant):
        return "不能办理", str(error)
    if isinstance(error, TimeoutError | CollectionBusy):
        return "等待超时", "另一个任务长时间占用写入权；请查看正在运行的任务后重试"
    return UNFORESEEN, advice(error)


def _keep_trace(error: Exception) -> None:
    logs = Home(Path(os.environ.get("JIBAO_HOME", "./var"))).logs
    logbook.failure(logs, "flow_failed", error, run=flow_run.name, flow_run_id=flow_run.id)


def advice(error: Exception) -> str:
    """What a coordinator should do about a failure nobody foresaw; no path of the machine in it."""
    if line := troubles.line_for(error):
        return f"{_PLACE.sub('', line)}；也可点“Retry”重试"
    if isinstance(error, OSError):
        known = _ADVICE.get(error.errno or 0, "请联系运维检查磁盘与目录")
        return f"读写文件失败：{known}；已收到的文件不会丢失，排除后点“Retry”重试即可"
    if isinstance(error, StoreError):
        return "仓库打不开；请联系运维查看本次运行的日志，必要时用 jibao restore 恢复备份，再重试"
    return f"程序遇到意外错误（{type(error).__name__}）；已入库的数据不受影响，可先重试一次，仍失败请把本次运行的日志交给运维"


_PLACE = re.compile(r"（/[^）]*）")  # a path of the machine
_ADVICE = {
    errno.ENOSPC: "磁盘已满，请联系运维清理或扩容",
    errno.EDQUOT: "磁盘配额已用完，请联系运维扩容",
    errno.EACCES: "没有读写权限，请联系运维检查工作目录的权限",
    errno.EPERM: "没有读写权限，请联系运维检查工作目录的权限",
    errno.EROFS: "磁盘只读，请联系运维检查",
    errno.ENOENT: "文件或目录不见了，请联系运维检查工作目录",
    errno.ECONNREFUSED: "连接被拒绝，请联系运维检查服务是否在运行",
}


def ask(question: type[Q], key: str, state: str, description: str) -> Q:
    """Suspends the run until a person has filled in ``question``; the process ends meanwhile and nothing is held.

    When resumed the flow starts again from its beginning: a known ``key`` gives the answer, another one asks anew.

    :param state: the waiting state's name, such as 待签发
    """
    try:
        return suspend_flow_run(wait_for_input=question.with_initial_data(description=description), key=key)
    except Pause as pause:
        waiting = State[Any](
            type=StateType.PAUSED, name=state, message="等待签发人在界面点“Resume”填写",
            state_details=pause.state.state_details,
        )  # fmt: skip
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(UUID(flow_run.id), waiting, force=True)
        raise


def created_at() -> datetime:
    """When this run was asked for: the same instant after every resumption and retry."""
    with get_client(sync_client=True) as client:
        created = client.read_flow_run(UUID(flow_run.id)).created
    return created.astimezone(SHANGHAI) if created else clock.now()


def in_plan(office: Office, period: str) -> bool:
    return office.config.plan.covers(period)


def out_of_plan(office: Office, period: str) -> State[Any]:
    plan = office.config.plan
    return finished(
        "无需办理",
        f"{period} 不在方案执行期（{plan.start_period} 至 {plan.end_period}）内；可在表单中另选报告期",
    )
