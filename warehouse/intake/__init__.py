"""Reading an upload into rows, safely: guard, child process, readers, numbers as people write them."""

from warehouse.intake.batch import read_batch
from warehouse.intake.limits import Limits

__all__ = ["Limits", "read_batch"]
