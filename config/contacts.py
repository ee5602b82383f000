"""Who is written to. The real list lies in HOME/config/contacts.yml and is never packaged."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# Strict ASCII: anything laxer lets line breaks into headers.
Address = Annotated[
    str, StringConstraints(pattern=r"\A[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+\z")
]


class Person(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    mail: Address


class UnitContacts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    clerk: Person | None = None
    substitute: Person | None = None  # stands in while there is no clerk
    head: Person | None = None


class Contacts(BaseModel):
    """People by unit code, and the office's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    units: dict[str, UnitContacts] = Field(default_factory=dict)
    coordinator: Person
    leadership: tuple[Person, ...] = ()
    operator: Person | None = None
    is_example: bool = False

    def clerk(self, unit: str) -> Person | None:
        """Who fills in for ``unit``: the clerk, else the substitute, else None."""
        found = self.units.get(unit)
        return (found.clerk or found.substitute) if found else None

    def head(self, unit: str) -> Person | None:
        """The head of the unit's office; the clerk where nobody is named."""
        found = self.units.get(unit)
        return (found.head if found else None) or self.clerk(unit)
