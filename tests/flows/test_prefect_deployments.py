"""Deployments as they would be created: names, schedules, forms. No server is started."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from config.calendar import SHANGHAI
from config.register import load_config, packaged
from flows import parameters
from flows.deployments import ZONE, deployments
from flows.parameters import ALL_UNITS, LAST_QUARTER, OPEN_QUARTERS, FromRegister, PeriodForm, RerunForm


@pytest.fixture(scope="module")
def planned() -> dict[str, Any]:
    return {f"{d.flow_name}/{d.name}": d for d in deployments()}


def fields(deployment: Any) -> dict[str, Any]:
    schema = deployment._parameter_openapi_schema
    [form] = schema.definitions.values()
    return dict(form["properties"])


def crons(deployment: Any) -> list[tuple[str, str]]:
    return [(s.schedule.cron, s.schedule.timezone) for s in deployment.schedules]


def test_names_and_schedules(planned: dict[str, Any]) -> None:
    assert {name: crons(d) for name, d in planned.items()} == {
        "开启报送/季初开启": [("0 8 1 1,4,7,10 *", "Asia/Shanghai")],
        "采集/投递目录": [("*/15 8-20 * * *", "Asia/Shanghai")],
        "催报/每日催报": [("0 9 * * *", "Asia/Shanghai")],
        "通报/测算与通报": [("30 8 * * *", "Asia/Shanghai")],
        "通报签发/签发": [],
        "统筹决定/办理": [],
        "复核/按现行规则复核": [],
        "重建站点/重新生成页面": [],
        "例行维护/每日维护": [("30 2 * * *", "Asia/Shanghai")],
        "任务告警/出错告警": [],
        "季度重跑/手工重跑": [],
    }
    [report] = planned["通报/测算与通报"].schedules
    assert report.parameters == {"form": {"after_due": True}}


def test_entrypoints_are_modules(planned: dict[str, Any]) -> None:
    for deployment in planned.values():
        module, name = deployment.entrypoint.rsplit(".", 1)
        assert getattr(import_module(module), name).name == deployment.flow_name


def test_every_field_speaks_chinese(planned: dict[str, Any]) -> None:
    for deployment in planned.values():
        assert deployment.description
        assert deployment._parameter_openapi_schema.properties["form"]["title"] == "填写内容"
        for field in fields(deployment).values():
            assert not field["title"].isascii() and not field["description"].isascii()


def test_drop_downs_come_from_the_register(planned: dict[str, Any]) -> None:
    config = load_config([packaged()])
    form = fields(planned["季度重跑/手工重跑"])
    assert form["period"]["enum"][:2] == [LAST_QUARTER, config.plan.end_period]
    assert form["period"]["enum"][-1] == config.plan.start_period
    assert "2019-Q3" in form["period"]["enum"]
    assert form["unit"]["enum"][0] == ALL_UNITS and "市商务局(SWJ)" in form["unit"]["enum"]
    assert len(form["unit"]["enum"]) == len(config.units) + 1
    assert fields(planned["采集/投递目录"])["period"]["enum"][0] == OPEN_QUARTERS


def test_an_office_with_its_own_plan_sees_its_own_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = (packaged() / "plan.yml").read_text("utf-8").replace("end_period: 2020-Q4", "end_period: 2021-Q2")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "plan.yml").write_text(own, "utf-8")
    monkeypatch.setenv("JIBAO_HOME", str(tmp_path))
    assert RerunForm.model_json_schema()["properties"]["period"]["enum"][1] == "2021-Q2"


def test_a_broken_register_breaks_no_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "plan.yml").write_text("plan_id: [", "utf-8")
    monkeypatch.setenv("JIBAO_HOME", str(tmp_path))
    assert "enum" not in RerunForm.model_json_schema()["properties"]["period"]


def test_every_drop_down_entry_leads_to_its_unit() -> None:
    config = load_config([packaged()])
    for unit in config.units:
        assert parameters.unit_codes(config, parameters.unit_label(config, unit.code)) == [unit.code]
        assert parameters.unit_codes(config, unit.name) == [unit.code]
    assert parameters.unit_codes(config, ALL_UNITS) is None
    with pytest.raises(ValueError, match="没有这个填报单位"):
        parameters.unit_codes(config, "市不存在局(XXX)")


@pytest.mark.parametrize(
    ("day", "expected"), [((2019, 10, 1), "2019-Q3"), ((2020, 1, 1), "2019-Q4"), ((2019, 9, 30), "2019-Q2")]
)
def test_the_quarter_just_ended(day: tuple[int, int, int], expected: str) -> None:
    assert PeriodForm().chosen_period(datetime(*day, 8, tzinfo=SHANGHAI)) == expected
    assert PeriodForm(period="2018-Q1").chosen_period(datetime(*day, tzinfo=SHANGHAI)) == "2018-Q1"


@pytest.mark.parametrize("wrong", [{"period": "2019Q3"}, {"quarter": "2019-Q3"}])
def test_a_wrong_field_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        RerunForm.model_validate(wrong)


def test_prefect_yaml_lists_the_same_deployments(planned: dict[str, Any]) -> None:
    listed = yaml.safe_load((Path(__file__).parents[2] / "prefect.yaml").read_text("utf-8"))["deployments"]
    assert {d["name"]: (d["entrypoint"], d["tags"]) for d in listed} == {
        d.name: (d.entrypoint, d.tags) for d in planned.values()
    }
    for entry in listed:
        [deployment] = [d for d in planned.values() if d.name == entry["name"]]
        assert [(s["cron"], s["timezone"]) for s in entry["schedules"]] == crons(deployment)
        assert [s.get("parameters", {}) for s in entry["schedules"]] == [
            s.parameters for s in deployment.schedules
        ]
        assert all(s["timezone"] == ZONE for s in entry["schedules"])


def test_choices_are_read_late() -> None:
    asked: list[str] = []
    FromRegister(lambda config: asked.append(config.plan.plan_id) or [])  # type: ignore[func-returns-value]
    assert asked == []
