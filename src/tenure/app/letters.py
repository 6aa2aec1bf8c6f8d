"""Letters to staff about Tenure itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from tenure.app.house import House
from tenure.outreach.channels.parcel import Enclosure, NotTaken, Parcel, Refused, Unsure
from tenure.outreach.channels.smtp import Mailer


@dataclass
class Mailing:
    """Writes letters to staff.

    Args:
        house: The association's.
        mailer: Sends them.
    """

    house: House
    mailer: Mailer

    def to_administrators(self, about: str, subject: str, words: str) -> int:
        """Write to every administrator with an address; gives how many were reached. Nobody is a reason to fail."""
        from tenure.ledger.models import Staff

        names = Staff.objects.filter(role="administrator").values_list("username", flat=True)
        return sum(self.to_staff(name, f"{about}:{self.house.clock():%Y%m%dT%H%M%S}", subject, words) for name in names)

    def to_staff(self, name: str, about: str, subject: str, words: str, *, calendar: bytes = b"") -> bool:
        """Write to one person of staff, where an address is known; whether they were reached."""
        from tenure.ledger import audit, deliveries
        from tenure.ledger.models import Staff

        person = Staff.objects.filter(username__iexact=name, is_active=True).exclude(email="").first()
        if person is None:
            return False
        reference = f"notice:{about}:{person.username}"
        audit.record("notice:staff:send", by=deliveries.BY, subject=reference, clock=self.house.clock)
        enclosures = (Enclosure("call.ics", "calendar", calendar),) if calendar else ()
        letter = Parcel("notice", reference, person.email, subject, words, self.house.clock(), enclosures=enclosures)
        with suppress(NotTaken, Refused, Unsure):
            self.mailer.send(letter, lambda: None)
            return True
        return False
