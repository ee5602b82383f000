"""One of several processes that open, write and close one warehouse: ``race_writer.py FILE NAME TIMES``.

Prints the id of every row whose commit it was told of. Which DuckDB it runs on is its environment's affair.
"""

from __future__ import annotations

import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from warehouse.store import Store

COLUMNS = (
    "run_id",
    "flow",
    "period",
    "parameters",
    "trigger",
    "started_at",
    "config_hash",
    "code_version",
)


def main(path: Path, name: str, times: int) -> None:
    for n in range(times):
        row = f"{name}-{n}"
        with Store(path) as store, store.transaction():
            store.append("run", COLUMNS, [(row, "race", None, "{}", "test", datetime.now(UTC), "c", "v")])
        # Whoever reopens at once keeps the lock from those who poll for it; no real process does.
        time.sleep(random.uniform(0.0, 0.1))
        print(row, flush=True)  # noqa: T201 (acknowledged: it must be there for ever)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
