"""The hostile tests collect through the same office under test as those of the flows."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "flows"))
