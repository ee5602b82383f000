"""Continuous integration's guard over speed: CPU of a quarter against the kit's lower bound.

The ratio of least CPU seconds, alternating, is what a busy machine leaves steady. The limits are the figures that
hold (docs/performance.md, docs/adr) plus 20 %.
"""

from __future__ import annotations

import pytest

from tests.bench import ratios
from tests.bench.scale import KIT

# The whole quarter, with returns, pages, documents and mart files. At 60 the goal itself; at 600 what is held beside other tests.
HELD = {60: 11.0, 600: 11.0}
# The kit's own job with our parts (same_job): at both sizes the goals themselves.
HELD_SAME_JOB = {60: 11.0, 600: 6.0}


@pytest.mark.skipif(not KIT.is_dir(), reason="no benchmark kit beside the repository")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("size", sorted(HELD))
def test_cpu_stays_near_the_lower_bound(size: int) -> None:
    told = ratios.measure(size, 2, [ratios.LOWER, ratios.SAME_JOB])
    assert told["differences"] == []
    assert told["least_cpu_ratio"] <= HELD[size] * 1.2, told
    assert told["same_job_least_cpu_ratio"] <= HELD_SAME_JOB[size] * 1.2, told
