"""What an office may tune, with the packaged defaults in settings.yml. Thresholds keep their reason there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from config.contacts import Address, Domain
from config.texts import CronText, Name, PageAddress

Port = Annotated[int, Field(ge=0, le=65535)]
# Beyond these no office means it, and dates, processes and files cannot: told here, not in the middle of a quarter.
Days = Annotated[int, Field(le=36_500)]
Gap = Annotated[float, Field(ge=0)]
ClockTime = Annotated[str, StringConstraints(pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]\z")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Deadline(_Section):
    due_working_day: int = Field(default=10, ge=1, le=60)
    due_time: ClockTime = "18:00"
    grace_working_days: int = Field(default=10, ge=0, le=120)


class EscalationLevel(_Section):
    level: Literal["clerk", "head", "coordinator"]
    after: int = Field(ge=1, le=250)  # working days after the due date
    colour: Literal["blue", "yellow", "red"]


class Reminders(_Section):
    before_working_days: tuple[Annotated[int, Field(ge=0, le=250)], ...] = (5, 1)
    on_due_day: bool = True
    escalation: tuple[EscalationLevel, ...] = (
        EscalationLevel(level="clerk", after=1, colour="blue"),
        EscalationLevel(level="head", after=3, colour="yellow"),
        EscalationLevel(level="coordinator", after=5, colour="red"),
    )


class Lights(_Section):
    yellow_gap_pp: float = 0
    red_gap_pp: float = 30

    @model_validator(mode="after")
    def _red_is_worse_than_yellow(self) -> Lights:
        if self.red_gap_pp < self.yellow_gap_pp:
            raise PydanticCustomError("lights_crossed", "red_gap_pp 不应小于 yellow_gap_pp")
        return self


class Mail(_Section):
    mode: Literal["sink", "smtp"] = "sink"
    host: str = "127.0.0.1"
    port: Port = 0  # 0 with mode sink: an own sink for each delivery
    security: Literal["plain", "starttls", "ssl"] = "plain"
    ca_file: str = ""  # trusted certificate of an internal server; empty: the system's
    user: str = ""
    password_file: str = ""
    sender_name: Name
    sender_address: Address
    domain: Domain  # the right half of every Message-ID
    deadline_s: float = Field(default=30, gt=0, le=3600)
    max_attempts: int = Field(default=8, ge=1, le=1000)

    @model_validator(mode="after")
    def _a_server_has_a_name_and_a_port(self) -> Mail:
        if self.mode == "smtp" and not (self.host.strip() and self.port):
            raise PydanticCustomError(
                "no_server", "mode 为 smtp 时须写明 host 和 port（常用端口 25、465、587）"
            )
        return self


class Intake(_Section):
    max_bytes: int = Field(default=20_000_000, gt=0, le=1 << 40)
    settle_seconds: float = Field(default=2, ge=0, le=86_400)
    memory_mb: int = Field(default=1024, ge=256, le=1 << 20)
    cpu_seconds: int = Field(default=10, ge=1, le=86_400)
    wall_seconds: int = Field(default=20, ge=1, le=86_400)
    batch_files: int = Field(default=3000, ge=1, le=1_000_000)


class Checks(_Section):
    jump_pct: Gap = 50
    z: Gap = 3.0
    modified_z: Gap = 3.5
    ratio_tolerance_pp: Gap = 0.05
    city_tolerance_pct: Gap = 1.0
    accept_good_cells: bool = True
    data_docs: bool = False  # the engine's own pages in HOME/data_docs; they load scripts from the internet


class Projection(_Section):
    min_points: int = Field(default=4, ge=3, le=1000)


class PrefectServer(_Section):
    host: str = "127.0.0.1"
    port: Port = 4200
    site_port: Port = 4280
    smtp_port: Port = 1025
    # What a browser elsewhere calls the UI and the site, when a reverse proxy stands before them; empty: no proxy.
    public_url: PageAddress = ""
    public_site_url: PageAddress = ""
    collect_cron: CronText = "*/15 8-20 * * *"  # Asia/Shanghai; what counts when the watcher is away
    keep_runs_days: Days = Field(default=400, ge=1)  # runs, logs and artifacts of Prefect
    keep_idle_runs_days: Days = Field(default=7, ge=1)  # runs that found nothing to do


class Keep(_Section):
    """How long copies are kept; archive, journal, warehouse and reports are never shortened (docs/operations.md)."""

    backups_daily: Days = Field(default=14, ge=1)
    backups_weekly: int = Field(default=8, ge=0, le=5000)
    backups_quarterly: int = Field(default=20, ge=0, le=400)
    set_aside_days: Days = Field(default=90, ge=1)  # what restore and rebuild moved aside
    logs_days: Days = Field(default=180, ge=1)
    log_mb: int = Field(default=20, ge=1, le=1 << 20)
    outbox_days: Days = Field(default=400, ge=1)  # copies of the embedded sink; the ledger keeps every letter
    returned_quarters: int = Field(default=8, ge=1, le=400)
    workbooks_quarters: int = Field(default=8, ge=1, le=400)
    backup_max_age_hours: int = Field(default=36, ge=1, le=876_000)  # older than this is an alarm


class Settings(_Section):
    locale: Literal["zh", "en"] = "zh"  # the language of mails, pages, reports and workbooks
    deadline: Deadline = Deadline()
    reminders: Reminders = Reminders()
    lights: Lights = Lights()
    mail: Mail
    intake: Intake = Intake()
    checks: Checks = Checks()
    projection: Projection = Projection()
    prefect: PrefectServer = PrefectServer()
    keep: Keep = Keep()
