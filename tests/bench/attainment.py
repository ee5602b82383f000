"""The whole assessment of a large office: 340 cities x 10 counties x 35 indicators x 24 quarters, and its growth.

Made directly in the database, so that what is measured is :func:`warehouse.attainment.compute` alone.
"""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from config.calendar import SHANGHAI
from warehouse import attainment
from warehouse.store import Store

PERIOD, AS_OF = "2020-Q3", datetime(2020, 10, 30, 18, tzinfo=SHANGHAI)
# The plan runs on after the last quarter, so that both computations project.
INDICATORS, QUARTERS, COUNTIES = 35, 24, 10
MOMENT = "TIMESTAMPTZ '2020-10-01 09:00:00+08'"
SIZES = (100_000, 1_000_000, 2_856_000, 10_000_000)  # the third: 340 cities

_REGISTER = f"""
INSERT INTO register_event SELECT TIMESTAMPTZ '2015-01-01 00:00:00+08', 'p', 'c', '';
INSERT INTO plan SELECT 'p', 'x', 'x', 'C000', '市', '2015-Q1', '2021-Q4';
INSERT INTO unit SELECT 'p', printf('U%03d%02d', c, u), 'x', 'county', printf('C%03d', c), c * 10 + u
FROM range(getvariable('cities')) t(c), range({COUNTIES}) s(u);
INSERT INTO domain SELECT 'p', 'D', 'x', 1, 0;
INSERT INTO indicator SELECT 'p', printf('I-%02d', i), 'x', 'D', NULL, '一', if(i % 3 = 1, 'percent', 'amount'), '亿元', '',
    if(i % 5 = 0, 'ytd', 'level'), 'up', if(i % 4 = 0, 'unit', 'city'),
    CASE i % 3 WHEN 0 THEN 'sum' WHEN 1 THEN 'ratio' ELSE 'mean' END, i % 3 = 1, false, 1, NULL, NULL, i
FROM range({INDICATORS}) t(i);
INSERT INTO target SELECT 'p', printf('I-%02d', i), 'C000', 'city', CASE WHEN i % 7 = 3 THEN 'at_most' ELSE 'at_least' END,
    100, 100, false, false, '达到100', 10, '2014-Q4' FROM range({INDICATORS}) t(i);
INSERT INTO target SELECT 'p', i.indicator, u.unit, 'unit', 'at_least', 100, NULL, false, false, '达到100', 10, '2014-Q4'
FROM indicator i, unit u WHERE i.scope = 'unit';
INSERT INTO reporter SELECT 'p', i.indicator, u.unit FROM indicator i, unit u;
"""
_FACTS = f"""
INSERT INTO observation (unit, item, period, revision, value, numerator, denominator, status, submission_id,
                         recorded_at, received_at, reason, had_error_first)
SELECT u.unit, i.indicator, printf('%d-Q%d', 2015 + q // 4, q % 4 + 1), r + 1, v,
       if(i.measure = 'percent', v, NULL), if(i.measure = 'percent', 100, NULL), 'reported',
       printf('s%s%d', u.unit, q), {MOMENT}, {MOMENT}, '首报', false
FROM range({QUARTERS - 1}) t(q), unit u, indicator i, range(2) s(r),
     LATERAL (SELECT round(10 + 3 * q + (hash(u.unit, i.indicator, q, r) % 1000) / 100, 2) AS v)
-- One figure in fifty was corrected afterwards.
WHERE r = 0 OR hash(u.unit, i.indicator, q) % 50 = 0
"""
_OWED = """
INSERT INTO cycle SELECT DISTINCT period, TIMESTAMPTZ '2015-01-01 00:00:00+08', TIMESTAMPTZ '2020-10-15 18:00:00+08',
    TIMESTAMPTZ '2020-10-30 18:00:00+08', 'p', 'c' FROM observation;
INSERT INTO obligation SELECT period, unit, item, 'indicator', 'lead', true FROM observation WHERE revision = 1;
"""
_LAST = f"""
INSERT INTO observation (unit, item, period, revision, value, numerator, denominator, status, submission_id,
                         recorded_at, received_at, reason, had_error_first)
SELECT unit, item, '2020-Q4', 1, value, numerator, denominator, status, submission_id, {MOMENT}, {MOMENT}, '首报', false
FROM observation WHERE period = '2020-Q3' AND revision = 1
"""


def run(sizes: Sequence[int] = SIZES) -> dict[str, object]:
    """Wall and CPU seconds and peak memory (MB) of a full and of a one-quarter computation by number of rows.

    ``growth``: the exponent e of seconds ~ rows^e over all sizes, by CPU seconds.
    """
    found = {f"{size:.0e}": _alone(size) for size in sizes}
    if len(sizes) < 2:
        return dict(found)
    rows = np.log([f["observations"] for f in found.values()])
    growth = {
        name: round(float(np.polyfit(rows, np.log([f[name] for f in found.values()]), 1)[0]), 2)
        for name in ("full_cpu_s", "next_quarter_cpu_s")
    }
    return {**found, "growth": growth}


def _alone(size: int) -> dict[str, Any]:
    """Made in one process and measured in another, so that the peak is that of the assessment."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:
            cities = max(1, round(size / (INDICATORS * QUARTERS * COUNTIES)))
            pool.submit(_make, path, cities).result()
            return {"cities": cities, **pool.submit(_measure, path).result()}


def _make(path: Path, cities: int) -> None:
    with Store(path) as store:
        store.con.execute("SET threads = 2; SET memory_limit = '4GB'")
        store.con.execute(f"SET VARIABLE cities = {cities}")
        for text in (_REGISTER, _FACTS, _OWED):
            store.con.execute(text)


def _measure(path: Path) -> dict[str, Any]:
    with Store(path) as store:
        store.con.execute("SET threads = 2; SET memory_limit = '4GB'")
        observations = store.rows("count_observations")[0]["observations"]
        full = _timed(store, PERIOD)
        ranks = _timed(store, PERIOD, ranks=True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        store.con.execute(_LAST)
        quarter = _timed(store, "2020-Q4")
    return {
        "observations": observations,
        "figures": full[2],
        "full_wall_s": full[0],
        "full_cpu_s": full[1],
        "ranks_wall_s": ranks[0],
        "ranks_cpu_s": ranks[1],
        "full_peak_rss_mb": peak,
        "next_quarter_wall_s": quarter[0],
        "next_quarter_cpu_s": quarter[1],
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _timed(store: Store, period: str, *, ranks: bool = False) -> tuple[float, float, int]:
    wall, cpu = time.perf_counter(), time.process_time()
    if ranks:
        rows = len(store.rows("list_summary_rates", {"period": period}))
    else:
        with store.transaction():
            rows = attainment.compute(store, period, AS_OF)
    return round(time.perf_counter() - wall, 2), round(time.process_time() - cpu, 2), rows
