"""Who is written to. The real list lies in HOME/config/contacts.yml and is never packaged."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from config.texts import Name

# Strict ASCII: anything laxer lets line breaks into headers. No laxer than what a letter takes (flows.mailing.compose):
# an address refused only there would stop the quarter's opening instead of being told by file and line.
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
Address = Annotated[
    str,
    StringConstraints(
        pattern=rf"\A[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*@({_LABEL}\.)+[A-Za-z0-9-]{{2,63}}\z",
        max_length=254,
    ),
]
Domain = Annotated[str, StringConstraints(pattern=rf"\A({_LABEL}\.)*{_LABEL}\z", max_length=190)]


class Person(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
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

    def addresses(self) -> list[str]:
        """Every address written here, the office's own first."""
        office = (self.coordinator, *self.leadership, self.operator)
        units = (p for u in self.units.values() for p in (u.clerk, u.substitute, u.head))
        return [p.mail for p in (*office, *units) if p is not None]

    def clerk(self, unit: str) -> Person | None:
        """Who fills in for ``unit``: the clerk, else the substitute, else None."""
        found = self.units.get(unit)
        return (found.clerk or found.substitute) if found else None

    def head(self, unit: str) -> Person | None:
        """The head of the unit's office; the clerk where nobody is named."""
        found = self.units.get(unit)
        return (found.head if found else None) or self.clerk(unit)
