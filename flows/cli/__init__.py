"""The command line: parses words, calls one use case, prints what people need, sets the exit status.

Belongs here: options, output, exit codes. Does not: any rule of the reporting cycle (flows.steps).
"""

from flows.cli import coordinator, figures, mail, quarter, scale, shell, upkeep
from flows.cli.framework import group

__all__ = ["coordinator", "figures", "group", "mail", "main", "quarter", "scale", "shell", "upkeep"]


def main() -> None:
    """Entry point of the ``jibao`` script."""
    group(prog_name="jibao")
