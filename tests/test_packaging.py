"""The wheel is whole, and nobody else on the machine owns our room names."""

from __future__ import annotations

from importlib.metadata import distributions
from importlib.resources import files

ROOMS = {"config", "warehouse", "checks", "templates", "flows"}


def test_no_other_distribution_claims_a_room() -> None:
    for distribution in distributions():
        if distribution.metadata["Name"] == "jibao":
            continue
        tops = {str(f).split("/")[0].removesuffix(".py") for f in distribution.files or ()}
        assert not tops & ROOMS, distribution.metadata["Name"]


def test_data_travels_with_the_code() -> None:
    assert files("warehouse").joinpath("sql/schema/001_register.sql").is_file()
    assert files("config").joinpath("plan.yml").is_file()
    assert files("templates").joinpath("mail/base.html.j2").is_file()
