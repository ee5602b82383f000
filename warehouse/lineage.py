"""Lineage: from a figure in ``mart.attainment`` back to definition, parts, revisions, files, cells and findings.

Belongs here: finding what a figure was made of. Does not: computing it again (attainment), wording (flows).
"""

from __future__ import annotations

from typing import Any

from warehouse.store import Rows


def trace(reader: Rows, period: str, indicator: str, unit: str | None = None) -> dict[str, Any] | None:
    """Everything behind one figure; None when ``period`` holds no such figure.

    ``figure``: the row of mart.attainment with its definition and target of that day. ``parts``: one
    entry a reporter, with ``inputs`` (revisions of the quarter, each with its findings) and
    ``earlier`` (revisions of the quarters before, of which projection and seasonal share are made).
    ``milestones``: {year: value}. The revision that counts has ``counts``.

    :param unit: None for the figure of the whole city
    """
    found = reader.rows("read_figure_lineage", {"period": period, "indicator": indicator, "unit": unit or ""})
    if not found:
        return None
    figure = found[0]
    named = {k: figure[k] for k in ("plan_hash", "indicator", "unit", "scope", "as_of")}
    rows = reader.rows("list_figure_parts", {**named, "period": period})
    files = sorted({r["submission_id"] for r in rows if r["submission_id"] and r["period"] == period})
    findings = reader.rows("list_figure_findings", {"submissions": files, "indicator": indicator})
    parts: dict[str, dict[str, Any]] = {}
    for row in rows:
        part = parts.setdefault(
            row["unit"], {"unit": row["unit"], "unit_name": row["unit_name"], "inputs": [], "earlier": []}
        )
        if row["period"] is None:
            continue
        kept = {k: v for k, v in row.items() if k not in ("unit", "unit_name")}
        if row["period"] == period:
            kept["findings"] = [
                {k: v for k, v in f.items() if k != "submission_id"}
                for f in findings
                if f["submission_id"] == row["submission_id"]
            ]
        part["inputs" if row["period"] == period else "earlier"].append(kept)
    milestones = reader.rows(
        "list_figure_milestones", {"plan_hash": figure["plan_hash"], "indicator": indicator}
    )
    return {
        "figure": figure,
        "parts": list(parts.values()),
        "milestones": {m["year"]: m["value"] for m in milestones},
    }
