"""What mails to units and coordinators are filled with: plain frozen records (those of the 通报: published).

Percentages are numbers of per cent (73.0 is 73 %); None means undefined, shown as a dash with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class OfficeView:
    """Who speaks in a mail and whom to ask; ``contact`` is one line: office, person, telephone."""

    plan_name: str
    city_name: str
    sender_name: str
    contact: str
    end_period: str = "2020-Q4"  # when the targets are due


@dataclass(frozen=True)
class OwedItem:
    """One obligation not yet met. ``item_kind``: indicator, action or safeguard."""

    item: str
    item_kind: str
    name: str
    unit_label: str = ""


@dataclass(frozen=True)
class FindingLine:
    """One finding; ``value`` is the cell as written, ``message`` what to do. No cell: the whole file."""

    severity: str
    sheet: str
    cell: str
    value: str
    message: str
    name: str = ""  # of the indicator or action
    indicator: str | None = None
    cells: tuple[str, ...] = ()  # every single cell, where ``cell`` is a range that holds good ones too


@dataclass(frozen=True)
class OpeningView:
    period: str
    unit: str
    unit_name: str
    recipient_name: str
    due_at: datetime
    grace_until: datetime
    workbook_name: str
    drop_folder: str
    items: tuple[OwedItem, ...]
    optional_count: int = 0  # actions the unit may fill as a contributing unit


@dataclass(frozen=True)
class CountedLine:
    """One figure that counts from now on. ``value`` with ``unit_label``, or ``state``, or a nil return."""

    item: str
    name: str
    cell: str
    value: float | None = None
    unit_label: str = ""
    state: str | None = None
    is_nil: bool = False
    previous_value: float | None = None  # set when this replaces an earlier accepted figure
    previous_state: str | None = None
    previous_is_nil: bool = False
    is_indicator: bool = True
    reason: str = ""  # of this revision
    published_light: str | None = None  # of the indicator, as last published for the unit's city
    was_owed: bool = False  # an obligation that nothing stood for until this figure came

    @property
    def is_change(self) -> bool:
        """Whether an accepted figure stood here before, and another one."""
        before = (self.previous_value, self.previous_state, self.previous_is_nil)
        return before != (None, None, False) and before != (self.value, self.state, self.is_nil)


@dataclass(frozen=True)
class LaterOwed:
    """What the unit still owes for a quarter later than the one its file is of."""

    period: str
    owed: int
    due_at: datetime


@dataclass(frozen=True)
class ReceiptView:
    """For an accepted file; ``status`` accepted or accepted_with_warnings.

    ``timely`` None: nothing is said of it (no deadline, or a late file that met no obligation late).
    """

    receipt_no: str
    unit: str
    unit_name: str
    period: str
    file_name: str
    sha256: str
    received_at: datetime
    status: str
    timely: bool | None
    counted: tuple[CountedLine, ...]
    still_owed: tuple[OwedItem, ...]
    warnings: tuple[FindingLine, ...]
    due_at: datetime
    later: LaterOwed | None = None


@dataclass(frozen=True)
class ReturnView:
    """For a returned file. ``counted_count``: good figures of it that count all the same (0: none)."""

    receipt_no: str
    unit: str
    unit_name: str
    period: str
    file_name: str
    sha256: str
    received_at: datetime
    due_at: datetime
    errors: tuple[FindingLine, ...]
    warnings: tuple[FindingLine, ...]
    counted_count: int
    still_owed: tuple[OwedItem, ...]
    annotated_name: str  # the attachment with the wrong cells marked; empty: none
    drop_folder: str
    reason: str = ""  # a coordinator's own words, when a person returned it
    is_overdue: bool = False  # the deadline had passed when this was written
    later: LaterOwed | None = None


@dataclass(frozen=True)
class DuplicateView:
    """The same bytes again: the first answer still holds."""

    receipt_no: str
    unit: str
    unit_name: str
    period: str
    file_name: str
    first_file_name: str
    first_received_at: datetime
    status: str  # of the first
    received_at: datetime


@dataclass(frozen=True)
class HeldView:
    """A file not read for safety, or found in another unit's folder. ``reason``: the catalogue's words.

    ``audience``: unit (whose folder it was), coordinator, or owner: the unit that the file itself names.
    """

    audience: str
    receipt_no: str
    unit: str
    unit_name: str
    period: str
    file_name: str
    sha256: str | None
    received_at: datetime
    reason: str
    detail: str = ""
    drop_folder: str = ""
    is_misplaced: bool = False  # readable, but in a folder that is not its own
    owner_name: str = ""  # the unit it names


@dataclass(frozen=True)
class OwingUnit:
    unit: str
    unit_name: str
    items: tuple[OwedItem, ...]
    last_errors: tuple[FindingLine, ...] = ()
    return_reason: str = ""  # a coordinator's own words, while the file they are about is the unit's last one


@dataclass(frozen=True)
class ReminderView:
    """One step of reminding one person, for one or several units.

    ``working_days``: working days left until due (positive), 0 on the day, negative when overdue.
    ``level``: clerk, head or coordinator; ``colour``: blue, yellow or red.
    """

    period: str
    recipient_name: str
    level: str
    colour: str
    working_days: int
    due_at: datetime
    grace_until: datetime
    units: tuple[OwingUnit, ...]
    workbook_attached: bool = True


@dataclass(frozen=True)
class AlertView:
    """Something a coordinator or operator must act on; ``is_notice``: a unit is told, nothing went wrong."""

    title: str
    occurred_at: datetime
    lines: tuple[str, ...]
    what_to_do: str
    period: str | None = None
    is_notice: bool = False
