"""The packaged register against the notice."""

from collections import Counter
from pathlib import Path

import pytest

from config.plan import TargetKind
from config.register import Config, load_config, packaged

SEED = Path(__file__).resolve().parents[2].parent / "shared" / "seed"
# Read by hand from the notice: name, kind, number, strict, aspirational, clause.
TARGETS = """
I-01 at_least 1000 > - 一(一)
I-02 at_least 100 - - 一(一)
I-03 at_least 40 - - 一(一)
I-04 range 1..2 - - 一(一)
I-05 at_least 1 - 力争 一(二)
I-06 at_least 80 > 力争 一(二)
I-07 at_least 73 - - 一(三)
I-08 at_least 100 > - 一(三)
I-09 at_least 90 - - 一(三)
I-10 at_least 80 - - 一(三)
I-11 at_least 90 - - 一(三)
I-19 at_least 5 - - 二(二)互联网+工业设计
I-20 at_least 3 - - 二(二)互联网+生产制造
I-21 at_least 8 - - 二(二)互联网+生产制造
I-22 at_least 10 - - 二(二)互联网+生产制造
I-25 at_least 95 - - 二(三)互联网+农产品流通
I-26 at_least 80 - - 二(四)互联网+金融服务
I-28 at_least 1 - - 二(五)互联网+物流平台
I-29 at_most ..14.5 - - 二(五)互联网+物流平台
I-30 at_least 70 - - 二(七)互联网+交通设施
I-31 at_least 50 - - 二(七)互联网+交通监管
I-32 reduction 16 - - 二(八)互联网+节能
I-33 at_least 97 - - 二(八)互联网+环保
I-37 full_coverage - - - 二(十)互联网+城市管理
I-38 full_coverage - - - 二(十)互联网+城市管理
I-39 at_least 90 - - 二(十)互联网+城市管理
I-40 at_least 1 - 力争 二(十一)互联网+医疗
I-44 full_coverage - - - 二(十一)互联网+旅游
I-46 full_coverage - - - 二(十二)互联网+海关监管
I-47 full_coverage - - - 二(十二)互联网+海关监管
I-49 at_least 30 - - 二(十三)互联网+绿色建设
"""
BODIES = """
市发展改革局 市人力资源社会保障局 市经济和信息化局 市科技局〈知识产权局〉 市科技局(知识产权局) 市商务局
市质量技术监督局 市中小企业局 市金融工作局 梅州高新区管委会 梅州蕉华工业园管委会 市食品药品监管局 市安全监管局 市工商局
市农业局 市林业局 市国土资源局 梅州海关 梅州出入境检验检疫局 中国人民银行梅州市中心支行 梅州银监分局 市公安局 市交通运输局
市地税局 市国税局 市环境保护局 梅州海事局 市住房城乡建设局 市行政服务中心管理办公室 市信息中心 市编办 市卫生计生局 市民政局
市口岸局 市财政局 市财政局〈国资办〉 市统计局 市社工委 市司法局 市信访局 市城市综合管理局 市应急办 市水务局〈三防办〉 市水务局
市教育局 市文化广电新闻出版局 市旅游局 市城乡规划局 中国电信梅州分公司 中国移动梅州分公司 中国联通梅州分公司
中国铁塔梅州分公司 广电网络梅州分公司 市委宣传部
"""


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config([packaged()])


def test_counts(config: Config) -> None:
    plan = config.plan
    assert (len(plan.domains), len(plan.actions), len(plan.safeguards), len(config.units)) == (13, 41, 7, 59)
    kinds = Counter(i.target.kind.is_quantified for i in plan.indicators)
    assert kinds[True] == 31
    assert sum(i.target.kind is TargetKind.MILESTONE for i in plan.indicators) == 15
    assert [i.code for i in plan.indicators if i.target.kind is TargetKind.UNSPECIFIED] == [
        "I-41", "I-42", "I-48",
    ]  # fmt: skip


def test_every_body_is_found_by_the_names_of_the_notice(config: Config) -> None:
    found = {u.code for name in BODIES.split() if (u := config.find_unit(name)) is not None}
    assert all(config.find_unit(name) for name in BODIES.split())
    named = {u for e in (*config.plan.actions, *config.plan.safeguards) for u in e.units}
    assert found == named and len(found) == 51
    assert {u.code for u in config.units if u.kind == "county"} == {
        "441402", "441403", "441422", "441423", "441424", "441426", "441427", "441481",
    }  # fmt: skip


def test_targets_are_those_read_by_hand(config: Config) -> None:
    lines = []
    for i in config.plan.indicators:
        t = i.target
        if not t.kind.is_quantified:
            continue
        low, high = ("" if n is None else f"{n:g}" for n in (t.low, t.high))
        number = f"{low}..{high}" if high else low or "-"
        flags = (">" if t.strict else "-", "力争" if t.aspirational else "-")
        lines.append(" ".join((i.code, t.kind, number, *flags, i.clause)))
    assert lines == TARGETS.split("\n")[1:-1]


def test_leads_report_and_baselines_are_empty(config: Config) -> None:
    leads = {a.code: a.lead_unit for a in config.plan.actions}
    for i in config.plan.indicators:
        assert i.baseline is None
        assert i.assigned == (i.action is None)
        if i.action:
            assert i.reporters == (leads[i.action],)
    drop = config.indicator("I-32")
    assert drop.reports_drop and drop.baseline_period == "2014-Q4"


def test_every_unit_has_something_to_fill(config: Config) -> None:
    specs = config.obligations()
    assert {s.unit for s in specs} == {u.code for u in config.units}
    assert sum(s.is_owed and s.item_kind == "action" for s in specs) == 41
    assert all(s.is_owed == (s.role == "lead") for s in specs)


@pytest.mark.skipif(not SEED.is_dir(), reason="the notice is not at hand")
def test_wordings_are_the_notices_own(config: Config) -> None:
    notice = "".join(p.read_text("utf-8") for p in sorted(SEED.glob("*.txt")))
    assert [i.code for i in config.plan.indicators if i.target.wording not in notice] == []
    # The notice writes one body in several ways; the register has one name for each.
    for other, name in (("市财政局、", "市财政局〈国资办〉、"), ("市水务局、", "市水务局〈三防办〉、"),
                        ("市科技局(知识产权局)", "市科技局〈知识产权局〉")):  # fmt: skip
        notice = notice.replace(other, name)
    for entry in (*config.plan.actions, *config.plan.safeguards):
        bodies = "、".join(config.unit(u).name for u in entry.units)
        after = notice[notice.index(f"{entry.name}。") :]
        assert after[: after.index("负责)")].endswith(f"({bodies}"), entry.code
