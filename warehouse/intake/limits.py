"""What one upload may cost. The office's settings carry the same fields, so they can be passed directly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class LimitsLike(Protocol):
    """Anything with these four numbers."""

    @property
    def max_bytes(self) -> int: ...
    @property
    def memory_mb(self) -> int: ...
    @property
    def cpu_seconds(self) -> float: ...
    @property
    def wall_seconds(self) -> float: ...


@dataclass(frozen=True)
class Limits:
    """``max_bytes`` of an upload as it lies; memory of the reading process; seconds for one file."""

    max_bytes: int = 20 * 1024 * 1024
    memory_mb: int = 1024
    cpu_seconds: float = 10.0
    wall_seconds: float = 20.0
