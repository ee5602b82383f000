"""The command line: parses words, calls one use case, prints what people need, sets the exit status.

Belongs here: options, output, exit codes. Does not: any rule of the reporting cycle (flows.steps).
"""

import gc

from flows.cli import coordinator, figures, mail, quarter, scale, shell, upkeep
from flows.cli.framework import group

# A command makes hundreds of thousands of records that live to its end, in hardly any cycle: at Python's own 700 new
# objects a search, looking for cycles takes a tenth of a quarter's run.
_NEW_OBJECTS_A_SEARCH = 50_000

__all__ = ["coordinator", "figures", "group", "mail", "main", "quarter", "scale", "shell", "upkeep"]


def main() -> None:
    """Entry point of the ``jibao`` script."""
    gc.set_threshold(_NEW_OBJECTS_A_SEARCH)
    try:
        group(prog_name="jibao")
    finally:
        gc.freeze()  # or leaving would search everything once more: half a second after the check engine
