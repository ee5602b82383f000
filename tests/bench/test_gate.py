"""Continuous integration's guard over speed: CPU of a quarter against the kit's lower bound, at 60 units best of two.

The ratio of least CPU seconds, alternating, is what a busy machine leaves steady. The limits are the figures that
hold (docs/performance.md, docs/adr) plus 20 %.
"""

from __future__ import annotations

import pytest

from tests.bench import ratios
from tests.bench.scale import KIT

# At 60 the goal itself. At 600 what was measured beside other work (docs/performance.md): its goal of 6 is not reached (ADR 19).
HELD = {60: 11.0, 600: 12.0}


@pytest.mark.skipif(not KIT.is_dir(), reason="no benchmark kit beside the repository")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("size", sorted(HELD))
def test_cpu_stays_near_the_lower_bound(size: int) -> None:
    told = ratios.measure(size, 2 if size < 600 else 1)
    assert told["differences"] == []
    assert told["least_cpu_ratio"] <= HELD[size] * 1.2, told
