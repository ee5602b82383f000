"""Plain-text and JSON listings for the terminal: the register and the state of a period."""

from __future__ import annotations

from collections import Counter
from typing import Any

from config.plan import TargetKind
from config.register import Config


def plan_document(config: Config) -> dict[str, Any]:
    """The register as one JSON document; ``counts`` first so that a script need not count."""
    plan = config.plan
    kinds = Counter(i.target.kind for i in plan.indicators)
    return {
        "plan_id": plan.plan_id,
        "name": plan.name,
        "plan_hash": config.plan_hash,
        "counts": {
            "domains": len(plan.domains),
            "actions": len(plan.actions),
            "safeguards": len(plan.safeguards),
            "units": len(config.units),
            "indicators": len(plan.indicators),
            "quantified": sum(n for kind, n in kinds.items() if kind.is_quantified),
            "milestones": kinds[TargetKind.MILESTONE],
            "unspecified": kinds[TargetKind.UNSPECIFIED],
        },
        "domains": [d.model_dump(mode="json") for d in plan.domains],
        "actions": [a.model_dump(mode="json") | {"lead_unit": a.lead_unit} for a in plan.actions],
        "safeguards": [s.model_dump(mode="json") | {"lead_unit": s.lead_unit} for s in plan.safeguards],
        "indicators": [i.model_dump(mode="json") for i in plan.indicators],
        "units": [u.model_dump(mode="json") for u in config.units],
    }


def plan_lines(config: Config) -> list[str]:
    """The register for reading: counts, then every indicator with its target and who reports it."""
    counts = plan_document(config)["counts"]
    names = {u.code: u.name for u in config.units}
    lines = [
        f"{config.plan.name}",
        f"领域 {counts['domains']}，工作措施 {counts['actions']}，保障措施 {counts['safeguards']}，"
        f"填报单位 {counts['units']}，指标 {counts['indicators']}"
        f"（量化 {counts['quantified']}，里程碑 {counts['milestones']}，原文缺数 {counts['unspecified']}）",
        "",
    ]
    for i in config.plan.indicators:
        who = names[i.reporters[0]] + (f"等 {len(i.reporters)} 家" if len(i.reporters) > 1 else "")
        flags = "".join(f"〔{w}〕" for w, on in (("力争", i.target.aspirational), ("指派", i.assigned)) if on)
        lines.append(f"{i.code}  {i.name}({i.unit_label}) {i.target.wording}{flags}  {who}  {i.clause}")
    lines.append("")
    for entry in (*config.plan.actions, *config.plan.safeguards):
        others = f"，配合 {len(entry.units) - 1} 家" if len(entry.units) > 1 else ""
        lines.append(f"{entry.code}  {entry.name}  牵头 {names[entry.lead_unit]}{others}")
    return lines


def status_lines(view: dict[str, Any]) -> list[str]:
    """The state of one period for the terminal: totals, who owes, what was returned or held."""
    lines = [
        f"{view['period']}  截止 {view['due_at']}  应报 {view['expected']} 项，已接收 {view['accepted']} 项",
    ]
    owing = [u for u in view["units"] if u["owed"]]
    lines.append(f"尚欠 {len(owing)} 家：" if owing else "各单位均已报齐。")
    for unit in owing:
        names = "、".join(o["name"] for o in unit["owed"][:3])
        more = f" 等 {len(unit['owed'])} 项" if len(unit["owed"]) > 3 else ""
        lines.append(f"  {unit['unit']}  {unit['name']}:{names}{more}")
    for title, key in (("退回", "returned"), ("暂存（未计入）", "held"), ("重复", "duplicates")):
        for item in view[key]:
            lines.append(f"{title}  {item['unit'] or '(无主文件夹)'}  {item['file_name']}  {item['reason']}")
    lines += [f"待稳定  {name}" for name in view["waiting"]]
    return lines
