"""One office at work: its home, its configuration, its renderer. The use cases take it as first argument."""

from __future__ import annotations

import contextlib
import getpass
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from config.calendar import Cadence
from config.language import Language, language
from config.register import Config, ConfigError, load_config, packaged
from config.yamlfile import Folder
from flows import clock, secrecy
from flows.home import Home
from templates.render import Renderer
from warehouse import killpoints
from warehouse.journal import Journal
from warehouse.lake.address import LakeAddress, parse_warehouse
from warehouse.store import Reader, Store, StoreError


@dataclass(frozen=True)
class Office:
    home: Home
    base: Folder  # the configuration folder behind HOME/config
    config: Config
    trigger: str  # who or what started the work: cli, schedule, ui, watcher
    lake: LakeAddress | None = None  # the warehouse of many machines; None: the single file in the home

    @cached_property
    def renderer(self) -> Renderer:
        return Renderer(self.home.config / "templates", self.say)

    @property
    def say(self) -> Language:
        """The translator of this office's language (settings.yml, ``locale``)."""
        return language(self.config.settings.locale, self.config.plan.cadence is Cadence.YEARLY)

    def store(self) -> Store:
        """The warehouse, not yet opened; opening takes the writer's lock."""
        return Store(self.home.warehouse, snapshot=self.home.snapshot, lake=self.lake, journal=self.journal)

    @property
    def journal(self) -> Journal:
        """Every change once more, outside the warehouse (docs/adr/0015)."""
        who = self.trigger
        if who == "命令行":
            with contextlib.suppress(OSError, KeyError):  # a container may know no name for its user
                who = f"命令行（{getpass.getuser()}）"
        return Journal(self.home.audit, clock.now, who)

    def reader(self) -> Reader:
        """The warehouse as last committed, not yet opened; it never waits for the writer."""
        return Reader(self.home.snapshot, lake=self.lake)


def open_office(home: Path | None = None, config: Folder | None = None, trigger: str = "cli") -> Office:
    """Reads the configuration: files in HOME/config win over ``config`` (default: the packaged plan).

    :raises config.register.ConfigError: one line naming file, line and reason
    """
    if doomed := os.environ.get("JIBAO_KILL_AT"):  # tests of crashes only
        killpoints.arm(doomed)
    place = Home((home or Path(os.environ.get("JIBAO_HOME", "./var"))).absolute())
    named = os.environ.get("JIBAO_CONFIG")
    base = config or (Path(named).absolute() if named else packaged())
    try:
        lake = parse_warehouse(os.environ.get("JIBAO_WAREHOUSE"), place.lake)
    except StoreError as error:
        raise ConfigError(str(error)) from error
    config_now = load_config([place.config, base])
    secrecy.learn(config_now.settings.mail)
    return Office(place, base, config_now, trigger, lake)
