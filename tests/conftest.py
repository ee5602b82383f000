"""Shared by all tests: no telemetry, no surprise from the caller's environment."""

from __future__ import annotations

import os

os.environ["DO_NOT_TRACK"] = "1"
os.environ["GX_ANALYTICS_ENABLED"] = "false"
for name in ("JIBAO_HOME", "JIBAO_CONFIG", "JIBAO_SMTP_PASSWORD"):
    os.environ.pop(name, None)
