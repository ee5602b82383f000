"""The Prefect flows of the profile for many machines, and their deployments (``jibao scale deploy``).

Belongs here: parameters as people see them, pools, schedules, states. Does not: what a step does (slices, committing,
tending).

Pool ``jibao``: one worker beside the committer (opening, loading, reminding, reporting, mail). Pool ``jibao-slices``: as
many workers on as many machines as there are; type process, docker or kubernetes (JIBAO_SLICE_POOL_TYPE).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from prefect import Flow, flow, get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.concurrency.sync import concurrency
from prefect.deployments import run_deployment
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.states import State
from prefect.types.entrypoint import EntrypointType
from pydantic import BaseModel, Field

from flows import clock, deployments, desk, steps
from flows.office import Office, open_office
from flows.scale import committing, slices, tending

POOL, SLICE_POOL = "jibao", "jibao-slices"
JUDGE = "分片校验/片"
DEFAULT_PARTS = 8


class SliceForm(BaseModel):
    """One slice of the units."""

    part: Annotated[int, Field(title="第几片", ge=1)] = 1
    parts: Annotated[int, Field(title="共几片", ge=1, le=1000)] = DEFAULT_PARTS
    period: Annotated[str | None, Field(title="报告期（可空）")] = None


class DispatchForm(BaseModel):
    """How many slices are sent out; about 1,000 units a slice keep a worker busy for ten seconds and more."""

    parts: Annotated[int, Field(title="分成几片", ge=1, le=1000)] = DEFAULT_PARTS
    period: Annotated[str | None, Field(title="报告期（可空）")] = None


class CommitForm(BaseModel):
    at_least: Annotated[int, Field(title="至少多少份一批", ge=1)] = committing.AT_LEAST
    send: Annotated[bool, Field(title="入库后寄出回执")] = True


NO_SLICE, NO_DISPATCH, NO_COMMIT = SliceForm(), DispatchForm(), CommitForm()


@flow(name="分片校验", description="读取并校验一片单位的报送，写入暂存区；不写仓库，可重复、可并行。")
def judge_part(form: SliceForm = NO_SLICE) -> State[Any]:
    def work() -> State[Any]:
        office = _office()
        part = slices.Slice(min(form.part, form.parts), form.parts)
        done = slices.judge_slice(office, part, clock.now(), form.period)
        name = "已暂存" if done.batches else "无新报送"
        return desk.finished(
            name,
            f"第 {form.part}/{form.parts} 片：校验 {done.files} 份，暂存 {len(done.batches)} 批，此前已办 {done.known} 份",
        )

    return desk.answered(work)


@flow(name="分片派发", description="把投递目录按城市分片，交给校验机并行办理。")
def dispatch(form: DispatchForm = NO_DISPATCH) -> State[Any]:
    def work() -> State[Any]:
        for part in range(1, form.parts + 1):
            parameters = {"form": {"part": part, "parts": form.parts, "period": form.period}}
            run_deployment(
                JUDGE, parameters=parameters, timeout=0, as_subflow=False,
                flow_run_name=f"第 {part}/{form.parts} 片",
            )  # fmt: skip
        return desk.finished("已派发", f"{form.parts} 片")

    return desk.answered(work)


@flow(name="统一入库", description="把暂存区中校验过的批次写入湖仓，清理投递目录，寄出回执。")
def commit(form: CommitForm = NO_COMMIT) -> State[Any]:
    def work() -> State[Any]:
        with _writing() as office:
            done = committing.commit_staged(office, at_least=form.at_least)
            sent = steps.deliver(office).sent if form.send and done.submissions + done.copies else 0
        message = (
            f"入库 {done.submissions} 份，修订 {done.revisions} 条，重复 {done.copies} 份，寄出 {sent} 封；"
            f"待凑批 {done.waiting} 批，作废重判 {len(done.stale)} 批，损坏 {len(done.damaged)} 批"
        )
        return desk.finished(
            "有损坏" if done.damaged else "已入库" if done.submissions else "无新批次", message
        )

    return desk.answered(work)


@flow(name="湖仓整理", description="合并小文件，清理残留；历史快照全部保留。")
def tidy() -> State[Any]:
    def work() -> State[Any]:
        with _writing() as office:
            done = tending.tidy_lake(office, clock.now())
        return desk.finished("已整理", f"数据文件 {done.files_before} -> {done.files_after}")

    return desk.answered(work)


def deploy(parts: int = DEFAULT_PARTS) -> list[str]:
    """Makes pools and deployments; safe to repeat. The collection of one machine is there for reruns by hand only."""
    kind = os.environ.get("JIBAO_SLICE_POOL_TYPE", "process")
    named = deployments.deploy(POOL)
    with get_client(sync_client=True) as client:
        if SLICE_POOL not in {p.name for p in client.read_work_pools()}:
            client.create_work_pool(WorkPoolCreate(name=SLICE_POOL, type=kind))
    image = os.environ.get("JIBAO_IMAGE")
    every = "*/15 8-20 * * *"
    planned: tuple[tuple[Flow[..., Any], str, str, str | None, dict[str, Any]], ...] = (
        (judge_part, "片", SLICE_POOL, None, {}),
        (commit, "入库", POOL, "*/2 8-21 * * *", {}),
        (tidy, "每夜", POOL, "10 1 * * *", {}),
        (dispatch, "投递目录", POOL, every, {"form": {"parts": parts}}),
    )
    for function, name, pool, cron, given in planned:
        schedule = Cron(cron, timezone=deployments.ZONE) if cron else None
        made = RunnerDeployment.from_flow(
            function, name=name, schedule=schedule, parameters=given, tags=["季报", "多机"],
            entrypoint_type=EntrypointType.MODULE_PATH,
        )  # fmt: skip
        if image and pool == SLICE_POOL and kind != "process":
            made.job_variables = {"image": image}
        made.apply(work_pool_name=pool)
        named.append(f"{made.flow_name}/{made.name}")
    _pause_single_collection()
    return named


def _pause_single_collection() -> None:
    with get_client(sync_client=True) as client:
        found = client.read_deployment_by_name("采集/投递目录")
        client.pause_deployment(found.id)


def _office() -> Office:
    office = open_office(trigger="schedule")
    office.home.create()
    return office


@contextmanager
def _writing() -> Iterator[Office]:
    """The writer's slot makes waiting visible; what protects the lake is its lock in PostgreSQL."""
    get_run_logger().info("等待写入权（并发限额 %s）", desk.WRITER)
    with concurrency(
        desk.WRITER, timeout_seconds=desk.WAIT_SECONDS, lease_duration=desk.LEASE_SECONDS, strict=True
    ):
        yield _office()
