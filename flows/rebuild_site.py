"""Flow: draw the report site again."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.states import State

from flows import desk
from flows.parameters import Form
from flows.steps.rebuilding import rebuild_site as rebuild

BLANK = Form()


@flow(
    name="重建站点",
    flow_run_name="重建站点",
    description=(
        "用仓库里已有的数据重新生成通报站点的全部页面和数据文件，换了模板、误删了页面时用。"
        "不重新测算，不改任何数据，不动已签发的通报，不寄信；重复运行结果相同。"
    ),
)
def rebuild_site(form: Form = BLANK) -> State[Any]:
    return desk.answered(lambda: _rebuild(form))


def _rebuild(form: Form) -> State[Any]:
    with desk.office_for(form) as office:
        periods = desk.as_task("重新生成页面", lambda: rebuild(office))
    if not periods:
        return desk.finished("无需办理", "还没有任何季度测算过")
    return desk.finished("已重建", f"已重建 {len(periods)} 个季度：{'、'.join(periods)}")
