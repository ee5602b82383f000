"""Flow: what has to be done every night so that the office keeps running: backup, tidying up Prefect, a look around.

Belongs here: the order, and Prefect's own records. Does not: backups and old files (flows.upkeep).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import State

from flows import artifacts, clock, desk, steps, upkeep
from flows.letters import Post
from flows.missed import MERGED, TAG
from flows.office import Office
from flows.parameters import MaintainForm
from warehouse import ledger

BLANK = MaintainForm()
# States of runs that found nothing to do: after a few days nobody asks for them any more.
IDLE = ("无新报送", "无需催报", "无需办理", "已告警过", MERGED)


@flow(
    name="例行维护",
    flow_run_name="例行维护",
    description=(
        "每天夜里备份并当场核验，按设置清理过期的备份、日志和 Prefect 任务记录，检查有没有停用的定时任务（有则写信给统筹）。"
        "不删除任何报送、数据、归档和通报；不停止正在运行的任务。"
    ),
)
def maintain(form: MaintainForm = BLANK) -> State[Any]:
    return desk.answered(lambda: _maintain(form))


def _maintain(form: MaintainForm) -> State[Any]:
    as_of = clock.now()
    with desk.office_for(form) as office, artifacts.Progress("例行维护", 3) as progress:
        done = desk.as_task(
            "备份并清理过期文件", lambda: upkeep.maintain(office, as_of, with_backup=form.backup)
        )
        progress.step("备份")
        kept = office.config.settings.prefect
        gone = desk.as_task(
            "清理任务记录",
            lambda: (
                forget(as_of - timedelta(days=kept.keep_idle_runs_days), IDLE)
                + forget(as_of - timedelta(days=kept.keep_runs_days))
            ),
        )
        progress.step("清理")
        paused = desk.as_task("检查停用的定时任务", lambda: warn_of_paused(office, as_of))
        progress.step("检查")
        desk.as_task("寄出通知", lambda: steps.deliver(office, as_of).sent)
    saved = f"备份 {done.backup}" if done.backup else "没有备份"
    message = f"{saved}，清理过期文件 {done.removed} 个、任务记录 {gone} 条"
    if paused:
        return desk.finished("有停用的任务", f"{message}；停用的定时任务：{'、'.join(paused)}")
    return desk.finished("已维护", message)


def forget(before: datetime, states: tuple[str, ...] = ()) -> int:
    """Deletes finished runs that ended before ``before``, with their logs; all of them, or only those in ``states``.

    Prefect's own vacuum does the same for old runs, but once an hour at most and not by state.
    """
    chosen: dict[str, Any] = {
        "end_time": {"before_": before.isoformat()},
        "state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]}}
        | ({"name": {"any_": list(states)}} if states else {}),
    }
    count = 0
    with get_client(sync_client=True) as client:
        while True:
            answer = client.request("POST", "/flow_runs/bulk_delete", json={"flow_runs": chosen})
            deleted = len(answer.json()["deleted"])
            count += deleted
            if not deleted:
                return count


def warn_of_paused(office: Office, as_of: datetime) -> list[str]:
    """Queues one letter a day to the coordinator about schedules and queues that somebody switched off."""
    with get_client(sync_client=True) as client:
        found = [
            d.name
            for d in client.read_deployments()
            if TAG in d.tags and (d.paused or any(not s.active for s in d.schedules))
        ]
        queues = client.request("POST", "/work_queues/filter", json={}).json()
    found += [f"队列 {q['name']}" for q in queues if q["is_paused"]]
    if found:
        letter = Post(office, as_of).alert(
            office.say("有定时任务停用"), found,
            office.say("如果不是有意停用，请在 Prefect 界面打开该任务，重新打开 Schedule 开关；队列在 Work Pools 里恢复。"),
            step=f"paused/{as_of:%Y%m%d}",
        )  # fmt: skip
        with office.store() as store, store.transaction():
            ledger.enqueue(store, [letter])
    return found
