"""Loading a register: every mistake is one line with file and line; what wins, what is fingerprinted."""

import errno
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from config.calendar import SHANGHAI
from config.register import Config, ConfigError, ObligationSpec, load_config, packaged
from warehouse.register import open_cycle, record_register
from warehouse.store import Store

PLAN = """\
plan_id: two-cities
name: 两市示范计划
source: 测试用
city: "441400"
city_name: 梅州市
domains:
  - {code: D-01, name: 领域一, clause: 一}
actions:
  - {code: A-0101, name: 措施一, domain: D-01, clause: 一, units: [JXJ, SWJ]}
safeguards:
  - {code: S-01, name: 保障一, clause: 二, units: [SWJ, JXJ]}
indicators:
  - code: I-01
    name: 覆盖率
    clause: 一
    domain: D-01
    action: A-0101
    measure: percent
    unit_label: "%"
    definition: 覆盖的比例
    scope: unit
    rollup: mean
    reporters: [JXJ, HYJ]
    target: {kind: at_least, low: 80, wording: 达80%}
  - code: I-02
    name: 个数
    clause: 一
    measure: count
    unit_label: 个
    definition: 建成的个数
    reporters: [SWJ]
    target: {kind: range, low: 1, high: 2, wording: 1-2个}
  - code: I-03
    name: 规模
    clause: 一
    measure: amount
    unit_label: 亿元
    definition: 规模
    reporters: [SWJ]
    target: {kind: unspecified, wording: 不断扩大}
"""
UNITS = """\
units:
  - {code: JXJ, name: 市经济和信息化局, kind: bureau, aliases: [市经信局]}
  - {code: SWJ, name: 市商务局〈口岸局〉, kind: bureau}
  - {code: HYJ, name: 河源市经信局, kind: bureau, city: "441600"}
"""
SETTINGS = """\
deadline:
  due_working_day: 10
mail:
  sender_name: 统筹组
  sender_address: jibao@office.example
  domain: office.example
"""
CONTACTS = """\
coordinator: {name: 统筹组, mail: office@office.example}
units:
  JXJ: {clerk: {name: 甲, mail: jia@office.example}}
"""
CALENDAR = "working_days: [2027-02-14]\nrest_days:\n  - 2027-02-15\n"
TARGETS = "indicator,unit,low,high,baseline\nI-01,JXJ,90,,40\nI-01,441600,70,,35.5\nI-02,441600,2,3,\n"
FILES = {
    "plan.yml": PLAN, "units.yml": UNITS, "settings.yml": SETTINGS, "contacts.yml": CONTACTS,
    "calendar.yml": CALENDAR, "targets.csv": TARGETS,
}  # fmt: skip
Write = Callable[[dict[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the small register, with some files replaced, and gives its folder."""

    def written(changed: dict[str, str]) -> Path:
        folder = tmp_path / "config"
        folder.mkdir(exist_ok=True)
        for name, text in (FILES | changed).items():
            (folder / name).write_text(text, "utf-8")
        return folder

    return written


def message(folder: Path) -> str:
    """The error of loading ``folder``, which must be one line, with the folder's path taken off."""
    with pytest.raises(ConfigError) as caught:
        load_config([folder])
    text = str(caught.value)
    assert "\n" not in text
    return text.removeprefix(f"{folder}/")


# file, what is replaced by what, line of the message, part of its reason
BREAKAGES = [
    ("plan.yml", "领域一", "领域\x07一", 7, "控制字符 U+0007"),
    ("plan.yml", "city_name", "name", 5, "“name”写了两次"),
    ("plan.yml", "    rollup: mean", "    rollup: mean\n    scope: unit", 23, "“scope”写了两次"),
    ("plan.yml", "{code: D-01, name", "{code: D-01, code: D-02, name", 7, "“code”写了两次"),
    ("plan.yml", "[JXJ, SWJ]}", "[JXJ, SWJ}", 9, "YAML 写法有误"),
    ("plan.yml", PLAN, "- 一\n- 二\n", 1, "内容 应为若干“名称: 值”"),
    ("plan.yml", PLAN, "", 1, "文件是空的"),
    ("plan.yml", "    name: 个数\n", "", 25, "缺少 name"),
    ("plan.yml", "    measure: count", "    measure: number", 28, "measure 的值 'number' 不在允许的范围内"),
    ("plan.yml", "    measure: count", "    colour: red\n    measure: count", 28, "不认识的项 colour"),
    ("plan.yml", "low: 80", "low: 八十", 24, "low 应为数字，现为 '八十'"),
    ("plan.yml", "low: 80", "low: yes", 24, "low 应为数字，现为 True"),
    ("plan.yml", "low: 80", "low: .nan", 24, "low 应为确定的数字，现为 nan"),
    ("plan.yml", "low: 80", "low: 300", 24, "百分数 300 不在 0 到 100 之间"),
    ("plan.yml", "low: 1, high: 2", "low: 3, high: 2", 32, "下限 3 大于上限 2"),
    ("plan.yml", "low: 1, high: 2", "low: 1", 32, "缺少数字 high"),
    ("plan.yml", "unspecified, ", "unspecified, low: 3, ", 40, "原文未写目标数"),
    ("plan.yml", "domain: D-01, clause", "domain: D-09, clause", 9, "领域 D-09 不存在"),
    ("plan.yml", "    action: A-0101", "    action: A-0109", 17, "措施 A-0109 不存在"),
    ("plan.yml", "reporters: [JXJ, HYJ]", "reporters: [JXJ, XXX]", 23, "单位 XXX 不在 units.yml 中"),
    ("plan.yml", "reporters: [JXJ, HYJ]", "reporters: [JXJ, JXJ]", 23, "单位 JXJ 写了两次"),
    ("plan.yml", "reporters: [JXJ, HYJ]", "reporters: []", 23, "没有写明责任单位"),
    ("plan.yml", "code: I-02", "code: I-01", 25, "编码 I-01 重复"),
    ("plan.yml", "\nactions:", "\nunit_targets: 5\nactions:", 8, "unit_targets 应为列表"),
    (
        "plan.yml", "\nactions:", "\nunit_targets:\n  - {indicator: I-01, unit: HYJ}\n  - {indicator: I-09, unit: HYJ}\nactions:",
        10, "单位目标 I-09/HYJ：指标不存在",
    ),
    ("plan.yml", "\nactions:", "\nunit_targets:\n  - 5\nactions:", 9, "第 1 项 应为若干“名称: 值”"),
    ("plan.yml", '"441400"', "441400", 4, "city 应为文字，现为 441400（数字写成的编码须加引号）"),
    ("plan.yml", "domains:", "end_period: 2014-Q4\ndomains:", 6, "终期 2014-Q4 不在起期 2015-Q4 之后"),
    ("plan.yml", "domains:", "start_period: 0001-Q1\ndomains:", 6, "0001-Q1 超出能办理的年份，应在 1970 年到 2999 年之间"),
    ("plan.yml", "domains:", "end_period: 9999-Q4\ndomains:", 6, "9999-Q4 超出能办理的年份"),
    ("plan.yml", "city_name: 梅州市", 'city_name: ""', 5, "city_name 不能为空"),
    ("plan.yml", "name: 领域一", 'name: "　"', 7, "name 不能为空"),
    ("plan.yml", "name: 措施一", 'name: " "', 9, "name 不能为空"),
    ("units.yml", "name: 市经济和信息化局", 'name: ""', 2, "单位 JXJ 的名称是空的"),
    ("contacts.yml", "name: 甲", 'name: ""', 3, "name 不能为空"),
    ("settings.yml", "sender_name: 统筹组", 'sender_name: ""', 4, "sender_name 不能为空"),
    ("settings.yml", "mail:", "prefect: {collect_cron: 每天八点}\nmail:", 3, "collect_cron 应为五段的定时写法"),
    ("settings.yml", "mail:", 'prefect: {collect_cron: "0 25 * * *"}\nmail:', 3, "现为 '0 25 * * *'"),
    ("settings.yml", "mail:", "prefect: {public_url: oa.gov.example/jibao}\nmail:", 3, "public_url 应为 http:// 或 https:// 开头的网址"),
    ("settings.yml", "mail:", 'prefect: {public_site_url: "https://oa:x/"}\nmail:', 3, "public_site_url 应为 http://"),
    ("plan.yml", "clause: 一}\nactions", "clause: 一, weight: -1}\nactions", 7, "weight 的值 -1 太小"),
    ("units.yml", UNITS, "", 1, "缺少 units"),
    ("units.yml", "aliases: [市经信局]", "aliases: [' ']", 2, "单位 JXJ 的名称是空的"),
    ("units.yml", "aliases: [市经信局]", "aliases: [市经信局, 河源市经信局]", 4, "HYJ 的名称 河源市经信局 与单位 JXJ 的相同"),
    ("units.yml", "〈口岸局〉, kind: bureau", "〈口岸局〉, kind: bureau, aliases: [市 经信局]", 3, "名称 市 经信局 与单位 JXJ"),
    ("units.yml", "code: HYJ", "code: JXJ", 4, "编码 JXJ 重复"),
    ("units.yml", "code: HYJ", "code: 河源", 4, "code 的写法 '河源' 不合规定"),
    ("units.yml", "name: 河源市经信局, kind: bureau", "name: 河源市经信局, kind: shop", 4, "kind 的值 'shop'"),
    ("settings.yml", "  due_working_day: 10", "  due_working_day: 0", 2, "due_working_day 的值 0 太小"),
    ("settings.yml", "  due_working_day: 10", '  due_time: "25:00"', 2, "due_time 的写法 '25:00' 不合规定"),
    ("settings.yml", "mail:", "lights: {red_gap_pp: .inf}\nmail:", 3, "red_gap_pp 应为确定的数字"),
    ("settings.yml", "mail:", "reminders:\n  before_working_days: [5, -1]\nmail:", 4, "第 2 项 的值 -1 太小"),
    ("settings.yml", "mail:", "mail:\n  port: 70000", 4, "port 的值 70000 太大"),
    ("settings.yml", "deadline:", "1: 2\ndeadline:", 1, "名称 1 应为文字"),
    ("settings.yml", "mail:", "colours:\n  red: 1\nmail:", 3, "不认识的项 colours"),
    ("settings.yml", "  domain: office.example\n", "", 3, "缺少 domain"),
    ("contacts.yml", "  JXJ:", "  XXX:", 3, "联系人中的单位 XXX 不在 units.yml 中"),
    ("contacts.yml", "  JXJ:", "  441422:", 3, "441422 应为文字"),
    ("settings.yml", "  due_working_day: 10", "  due_working_day: 1.5", 2, "due_working_day 应为整数，现为 1.5"),
    ("settings.yml", "mail:", "lights: {yellow_gap_pp: 5, red_gap_pp: 3}\nmail:", 3, "red_gap_pp 不应小于"),
    ("settings.yml", "mail:", "checks: {jump_pct: -50}\nmail:", 3, "jump_pct 的值 -50 太小"),
    ("settings.yml", "mail:", "reminders: {before_working_days: [9999999]}\nmail:", 3, "第 1 项 的值 9999999 太大"),
    ("settings.yml", "mail:", "keep: {set_aside_days: 99999999999999}\nmail:", 3, "set_aside_days 的值 99999999999999 太大"),
    ("settings.yml", "jibao@office.example", "jibao", 5, "sender_address 的写法 'jibao' 不合规定"),
    ("settings.yml", "domain: office.example", 'domain: "a b"', 6, "domain 的写法 'a b' 不合规定"),
    ("settings.yml", "domain: office.example", 'domain: ""', 6, "domain 的写法 '' 不合规定"),
    ("settings.yml", "mail:", "mail:\n  mode: smtp\n  host: mail.office.example", 3, "须写明 host 和 port"),
    ("settings.yml", "mail:", 'mail:\n  mode: smtp\n  port: 25\n  host: ""', 3, "须写明 host 和 port"),
    ("contacts.yml", "mail: jia@", "mail: 甲@", 3, "mail 的写法"),
    ("contacts.yml", "mail: jia@", "mail: j..ia@", 3, "mail 的写法"),
    ("contacts.yml", "mail: jia@", "mail: jia@-", 3, "mail 的写法"),
    ("contacts.yml", "mail: jia@", f"mail: {'j' * 250}@", 3, "mail 太长"),
    ("settings.yml", SETTINGS, '{"a":' * 20_000, 2, "YAML 写法有误"),
    ("settings.yml", SETTINGS, "- " * 20_000, 1, "内容 应为若干“名称: 值”"),
    ("settings.yml", "mail:", f"projection: {{min_points: {'9' * 5000}}}\nmail:", 1, "YAML 写法有误"),
    ("calendar.yml", CALENDAR, "- 2027-02-14\n", 1, "working_days 和 rest_days"),
    ("calendar.yml", "2027-02-15", "2027-02-30", 3, "没有 2027-02-30 这一天"),
    ("calendar.yml", "2027-02-15", "正月初九", 3, "正月初九 不是日期"),
    ("calendar.yml", "2027-02-15", "2027-02-14", 3, "2027-02-14 既是上班日又是休息日"),
    ("calendar.yml", "2027-02-15", "2027-02-15 08:00:00", 3, "2027-02-15 08:00:00 不是日期"),
    ("calendar.yml", "[2027-02-14]", "2027-02-14", 1, "working_days 应为列表"),
    ("calendar.yml", "rest_days", "holidays", 2, "不认识的项 holidays"),
    ("targets.csv", "unit,low", "单位,low", 1, "表头应为 indicator,unit,low,high,baseline"),
    ("targets.csv", "high,baseline", "low,baseline", 1, "表头应为"),
    ("targets.csv", TARGETS, "", 1, "表头应为"),
    ("targets.csv", "I-01,JXJ,90", "I-09,JXJ,90", 2, "单位目标 I-09/JXJ：指标不存在"),
    ("targets.csv", "I-01,JXJ,90", "\n\nI-01,XXX,90", 4, "单位目标 I-01/XXX：单位不存在"),
    ("targets.csv", "I-01,JXJ,90", "I-01,,90", 2, "缺少 unit"),
    ("targets.csv", "I-01,JXJ,90", "I-01,经信局,90", 2, "unit 的写法 '经信局' 不合规定"),
    ("targets.csv", "441600,70", "441600,七十", 3, "low 应为数字，现为 '七十'"),
    ("targets.csv", "441600,70", "441600,nan", 3, "low 应为确定的数字，现为 nan"),
    ("targets.csv", ",35.5", ",-inf", 3, "baseline 应为确定的数字"),
    ("targets.csv", "441600,70", "441600,300", 3, "百分数 300 不在 0 到 100 之间"),
    ("targets.csv", "441600,2,3", "441600,4,3", 4, "下限 4 大于上限 3"),
    ("targets.csv", "441600,2,3", "441600,4,", 4, "下限 4 大于上限 2"),
    ("targets.csv", "I-02,441600,2,3", "I-03,441600,2,", 4, "原文未写目标数"),
    ("targets.csv", "I-02,441600", "I-01,441600", 4, "写了两次"),
    ("targets.csv", ",35.5", ",35.5,0", 3, "有 6 格，表头只有 5 列"),
    ("targets.csv", "I-02,441600", 'I-02,"441600', 4, "CSV 写法有误"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "reason"), BREAKAGES, ids=[f"{b[0]}-{b[4][:14]}" for b in BREAKAGES]
)
def test_breakage_is_told_at_its_line(
    write: Write, file: str, old: str, new: str, line: int, reason: str
) -> None:
    assert old in FILES[file]
    told = message(write({file: FILES[file].replace(old, new, 1)}))
    assert told.startswith(f"{file}:{line}: "), told
    assert reason in told


@pytest.mark.parametrize("method", ["is_file", "read_bytes"])
def test_a_file_that_cannot_be_read_is_a_mistake_of_configuration(
    write: Write, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Nor may the packaged file take its place."""
    folder = write({})
    genuine = getattr(Path, method)

    def refused(path: Path) -> object:
        if path == folder / "plan.yml":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return genuine(path)

    monkeypatch.setattr(Path, method, refused)
    assert message(folder).startswith("plan.yml: 读不出来（Permission denied）；请检查所有者与权限")


@pytest.mark.parametrize(("file", "line"), [("targets.csv", 3), ("plan.yml", 2)])
def test_other_encodings_are_told_at_their_line(write: Write, file: str, line: int) -> None:
    folder = write({"targets.csv": TARGETS.replace("441600,70", "河源,70")})
    text = (folder / file).read_text("utf-8")
    (folder / file).write_bytes(text.encode("gb18030"))
    assert message(folder) == f"{file}:{line}: 不是 UTF-8 编码，请另存为 UTF-8"


def test_several_mistakes_are_counted(write: Write) -> None:
    told = message(write({"plan.yml": PLAN.replace("low: 80", "low: 八十").replace("high: 2", "high: 二")}))
    assert told.startswith("plan.yml:24: ") and told.endswith("（另有 1 处）")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"plan\.yml: 找不到配置文件"):
        load_config([tmp_path])


def test_what_is_not_a_mistake(write: Write) -> None:
    anchored = PLAN.replace("{kind: at_least, low: 80", "{<<: &t {kind: at_least, low: 60}, low: 80")
    folder = write(
        {
            "plan.yml": "\ufeff" + anchored + "unit_targets:\n",
            "calendar.yml": "# 空\n",
            "targets.csv": "\ufeff indicator , unit ,low\r\n\r\nI-01, JXJ ,90\r\nI-01,HYJ\r\n",
        }
    )
    config = load_config([folder])
    assert config.indicator("I-01").target.low == 80
    assert [(t.unit, t.low) for t in config.plan.unit_targets] == [("JXJ", 90), ("HYJ", None)]
    assert not config.calendar.overrides


def test_first_folder_wins_for_each_file(tmp_path: Path) -> None:
    shipped = load_config([packaged()])
    (tmp_path / "settings.yml").write_text(SETTINGS.replace("10", "7"), "utf-8")
    (tmp_path / "calendar.yml").write_text(CALENDAR, "utf-8")
    mine = load_config([tmp_path, packaged()])
    assert mine.settings.deadline.due_working_day == 7
    assert mine.settings.mail.domain == "office.example"
    assert mine.calendar.is_working_day(date(2027, 2, 14))
    assert mine.plan == shipped.plan and mine.units == shipped.units
    assert shipped.settings.deadline.due_working_day == 10
    assert load_config([packaged(), tmp_path]).config_hash == shipped.config_hash
    assert shipped.contacts.is_example and mine.contacts == shipped.contacts
    (tmp_path / "contacts.yml").write_text(CONTACTS, "utf-8")
    assert not load_config([tmp_path, packaged()]).contacts.is_example


def test_hashes_tell_what_changed(write: Write) -> None:
    first = load_config([write({})])
    again = load_config([write({"plan.yml": f"# 说明\n{PLAN}"})])
    assert (again.plan_hash, again.config_hash) == (first.plan_hash, first.config_hash)
    people = load_config([write({"contacts.yml": CONTACTS.replace("甲", "乙")})])
    assert people.contacts != first.contacts
    assert (people.plan_hash, people.config_hash) == (first.plan_hash, first.config_hash)
    for changed in (
        {"settings.yml": SETTINGS.replace("10", "9")},
        {"calendar.yml": CALENDAR.replace("15", "16")},
    ):
        tuned = load_config([write(changed)])
        assert tuned.plan_hash == first.plan_hash and tuned.config_hash != first.config_hash
    for changed in (
        {"plan.yml": PLAN.replace("low: 80", "low: 81")},
        {"units.yml": UNITS.replace("市经信局]", "经信局]")},
        {"targets.csv": TARGETS.replace(",70,", ",71,")},
    ):
        planned = load_config([write(FILES | changed)])
        assert planned.plan_hash != first.plan_hash and planned.config_hash != first.config_hash


@pytest.mark.parametrize(
    "text", ["SWJ", "swj", "\uff33\uff37\uff2a", "市商务局〈口岸局〉", "市商务局\uff08口岸局\uff09", "市商务局(口岸局)",
             " 市商务局【口岸局】 ", "市商务局<口岸局>"]
)  # fmt: skip
def test_find_unit_however_it_is_spelt(write: Write, text: str) -> None:
    found = load_config([write({})]).find_unit(text)
    assert found is not None and found.code == "SWJ"


def test_find_unit_by_alias_or_not_at_all(write: Write) -> None:
    config = load_config([write({})])
    alias = config.find_unit("市经信局")
    assert alias is not None and alias.code == "JXJ"
    assert config.find_unit("市商务局") is None and config.find_unit("") is None


def test_first_named_unit_leads_and_owes(write: Write) -> None:
    assert load_config([write({})]).obligations() == (
        ObligationSpec("JXJ", "I-01", "indicator", "lead", True),
        ObligationSpec("HYJ", "I-01", "indicator", "lead", True),
        ObligationSpec("SWJ", "I-02", "indicator", "lead", True),
        ObligationSpec("SWJ", "I-03", "indicator", "lead", True),
        ObligationSpec("JXJ", "A-0101", "action", "lead", True),
        ObligationSpec("SWJ", "A-0101", "action", "contributing", False),
        ObligationSpec("SWJ", "S-01", "safeguard", "lead", True),
        ObligationSpec("JXJ", "S-01", "safeguard", "contributing", False),
    )


def _opened(config: Config, path: Path) -> tuple[list[tuple[object, ...]], ...]:
    now = datetime(2019, 10, 8, 9, tzinfo=SHANGHAI)
    due = config.calendar.due_at("2019-Q3", config.settings.deadline)
    late = config.calendar.grace_until("2019-Q3", config.settings.deadline)
    with Store(path) as store:
        with store.transaction():
            assert record_register(store, config, now)
            assert not record_register(store, config, now)
            assert open_cycle(store, config, "2019-Q3", now, due, late)
            assert not open_cycle(store, config, "2019-Q3", now, due, late)
        queries = (
            "SELECT indicator, unit, scope, target_low, target_high, baseline FROM target ORDER BY ALL",
            "SELECT unit, city FROM unit ORDER BY sort",
            "SELECT unit, item, role, is_owed FROM obligation ORDER BY ALL",
            "SELECT plan_hash, config_hash FROM cycle",
        )
        return tuple(store.con.execute(q).fetchall() for q in queries)


def test_two_cities_reach_the_warehouse(write: Write, tmp_path: Path) -> None:
    config = load_config([write({})])
    targets, units, owed, cycles = _opened(config, tmp_path / "warehouse.duckdb")
    assert targets == [
        ("I-01", "441400", "city", 80, None, None),
        ("I-01", "441600", "city", 70, None, 35.5),
        ("I-01", "HYJ", "unit", 80, None, None),
        ("I-01", "JXJ", "unit", 90, None, 40),
        ("I-02", "441400", "city", 1, 2, None),
        ("I-02", "441600", "city", 2, 3, None),
        ("I-03", "441400", "city", None, None, None),
    ]
    assert units == [("JXJ", "441400"), ("SWJ", "441400"), ("HYJ", "441600")]
    assert owed == sorted((o.unit, o.item, o.role, o.is_owed) for o in config.obligations())
    assert cycles == [(config.plan_hash, config.config_hash)]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("*/15 8-20 * * *", True),
        ("0 20-8 * * MON-FRI", True),
        ("5,35 8/2 l jan,7 ?", True),
        ("0 0 ? * 7", True),
        ("60 * * * *", False),
        ("* * 0 * *", False),
        ("*/0 * * * *", False),
        ("0 0 * mon *", False),
        ("0 0 * * 5L", False),
        ("? * * * *", False),
        ("1,,2 * * * *", False),
        ("* * * *", False),
        ("", False),
    ],
)
def test_a_schedule_is_what_the_scheduler_takes(write: Write, text: str, is_one: bool) -> None:
    from prefect.client.schemas.schedules import CronSchedule

    settings = SETTINGS + f'prefect: {{collect_cron: "{text}", public_url: "http://[::1]:80/oa"}}\n'
    folder = write({"settings.yml": settings})
    if is_one:
        assert load_config([folder]).settings.prefect.collect_cron == text
        assert CronSchedule(cron=text, timezone="Asia/Shanghai").cron == text
    else:
        assert "collect_cron 应为五段的定时写法" in message(folder)
        with pytest.raises(ValueError, match="cron"):
            CronSchedule(cron=text, timezone="Asia/Shanghai")
