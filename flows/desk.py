"""Where a flow run meets the use cases: the office of this machine, one writer at a time, states in Chinese.

Belongs here: what all flows share. Does not: any rule of the reporting cycle (flows.steps).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.concurrency.sync import concurrency
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State

from config.register import ConfigError
from flows.office import Office, open_office
from flows.parameters import ALL_UNITS, LAST_QUARTER, OPEN_QUARTERS, Form
from flows.steps.collecting import NotChecked
from flows.steps.viewing import NotOpened

WRITER = "jibao-writer"
# Slots of a killed holder come free after this long; a living one renews its lease.
LEASE_SECONDS = 60
WAIT_SECONDS = 1800

T = TypeVar("T")


@contextmanager
def office_for(form: Form) -> Iterator[Office]:
    """The office named by JIBAO_HOME and JIBAO_CONFIG, with the writer's slot held.

    The slot only makes waiting visible; what protects the warehouse is the store's own file lock.
    """
    office = open_office(trigger=form.trigger())
    logger = get_run_logger()
    logger.info("等待写入权:同一时间只有一个任务写仓库(并发限额 %s)", WRITER)
    with concurrency(WRITER, timeout_seconds=WAIT_SECONDS, lease_duration=LEASE_SECONDS, strict=True):
        logger.info("开始办理,工作目录 %s", office.home.root)
        yield office


def as_task(name: str, work: Callable[[], T]) -> T:
    """Runs one step as a task run. Nothing passes through task parameters: Prefect would walk every value."""
    return task(name=name, task_run_name=name, cache_policy=NO_CACHE, persist_result=False)(work)()


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
    return Completed(name=name, message=message)


def answered(work: Callable[[], State[Any]]) -> State[Any]:
    """The state ``work`` ends in; what a person can put right becomes a failure that says how."""
    try:
        return work()
    except ConfigError as error:
        return Failed(name="配置有误", message=f"{error};请改正后重试")
    except NotOpened as error:
        return Failed(name="尚未开启", message=f"{error};也可在界面运行“开启报送”")
    except NotChecked as error:
        return Failed(name="未能校验", message=f"{error};文件仍在投递目录,排除故障后重试即可")
    except TimeoutError:
        return Failed(name="等待超时", message="另一个任务长时间占用写入权;请查看正在运行的任务后重试")


def in_plan(office: Office, period: str) -> bool:
    plan = office.config.plan
    return plan.start_period <= period <= plan.end_period


def out_of_plan(office: Office, period: str) -> State[Any]:
    plan = office.config.plan
    return finished(
        "无需办理",
        f"{period} 不在方案执行期({plan.start_period} 至 {plan.end_period})内;可在表单中另选报告期",
    )
