"""An office over months: nights, staff who change their minds, hands in the database, a worker, and deaths of each.

Acts are drawn by Hypothesis in `test_approval_machine.py`, and by seed in `benchmarks/approval_torture.py`. The worker
is Tenure's own `Carrier` with its gate and its SMTP, before a real mail server. A *death* ends whatever act comes next
before some write to the ledger, as a kill does: what was committed stays, the rest never was.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import independent_checker
from mail_sink import MailSink

import proposing
from proposing import MORNING, new
from tenure.app.carrying import Carrier
from tenure.app.gatekeeping import Gatekeeper, Members, wrap_of
from tenure.app.house import House
from tenure.base.errors import TenureError
from tenure.base.home import Home
from tenure.base.settings import Mail, Settings
from tenure.outreach.channels.parcel import NotTaken
from tenure.outreach.channels.smtp import Mailer

STAFF = {"marta": "manager", "ruth": "manager", "dana": "director", "gulf": "liaison:Gulf", "vera": "viewer"}
KINDS: tuple[dict[str, Any], ...] = ({}, {"is_top_value": True}, {"kind": "offer"}, {"chapter_id": "Pacific"})
"""What is special about the proposal of each of the four members."""

_PEOPLE, _WHICH = sorted(STAFF), range(len(KINDS))
_SOME = [some for size in (1, 2, 4) for some in itertools.combinations(_WHICH, size)]
_YES_NO = (False, True)
_WRITES = ("INSERT", "UPDATE", "DELETE")

ACTS: dict[str, tuple[int, dict[str, Any]]] = {
    "look": (2, {"by": _PEOPLE}),
    "approve": (4, {"by": _PEOPLE, "which": _SOME, "again": _YES_NO}),
    "second": (2, {"by": _PEOPLE, "which": _WHICH}),
    "decide": (3, {"by": _PEOPLE, "which": _WHICH, "how": ("undo", "revoke", "reassign", "snooze", "reject")}),
    "edit": (3, {"by": _PEOPLE, "which": _WHICH, "text": ("Words", "Other words", proposing.BODY), "stale": _YES_NO}),
    "tamper": (1, {"which": _WHICH, "part": ("recipient", "body", "subject"), "value": ("a@b.example", "b")}),
    "renew": (1, {"which": _WHICH}),
    "opt_out": (1, {"which": _WHICH, "why": ("unsubscribe", "bounce", "staff", "objection")}),
    "night": (3, {"days": (0, 0, 0, 1, 2, 30), "risk": (0.2, 0.5, 0.8)}),
    "morning": (4, {"by": ("marta", "dana"), "which": _WHICH, "seconded": _YES_NO, "seconds": (20, 40, 40)}),
    "post_office": (1, {"mood": ("fine", "fine", "fine", "fine", "lost", "later", "later at the end", "never")}),
    "work": (2, {"seconds": (0, 200, 4000)}),
    "die_next": (6, {"before": (1, 1, 2, 3, 4, 5, 7, 9)}),
    "look_up_lost": (2, {"by": _PEOPLE}),
}
"""Every act: how often it comes, and what it may be given."""


class Death(BaseException):
    """The process was killed."""


def rules_of(mail: MailSink) -> Settings:
    """Settings of the office, with the mail server."""
    server = Mail(
        host="127.0.0.1", port=mail.port, security="none", sender="office@association.example", timeout_seconds=5,
        messages_per_minute=1_000_000, postal_address="1 Quay Street",
    )  # fmt: skip
    rules = proposing.settings(
        undo_seconds=30, second_person=("top_value", "offer", "bulk:2"), quiet_from="03:00", quiet_until="03:00",
        contacts_per_month=1000, public_url="https://members.association.example",
    )  # fmt: skip
    return rules.model_copy(update={"mail": server})


class Office:
    """Four members with a proposal each; whoever enters it leaves the ledger as it was.

    Args:
        home: With a ledger that is set up, and `STAFF` in it.
        mail: The mail server.
    """

    def __init__(self, home: Home, mail: MailSink) -> None:
        from django.db import transaction

        from tenure.ledger.lease import Fence
        from tenure.ledger.models import Contact, Lease

        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now, self.mail, self.rules = MORNING, mail, rules_of(mail)
        self.first = len(mail.messages)
        self.read, self.nights, self.deaths, self.dies = self.first, 0, 0, 0
        self.out: set[int] = set()
        self.looks: dict[str, dict[int, str]] = {}
        self.proposals = [0] * len(KINDS)
        Lease.objects.get_or_create(name="work", defaults={"token": 1, "taken_at": MORNING, "expires_at": MORNING})
        Contact.objects.bulk_create(Contact(member=i, email=_address(i)) for i in _WHICH)
        house = House(home, self.rules, self.clock)
        members = Members(house)
        self.mailer = Mailer(self.rules.mail)
        self.carrier = Carrier(
            Fence("work", Lease.objects.get(name="work").token), Gatekeeper(house, members), wrap_of(house, members),
            self.clock, dt.timedelta(seconds=60), reported_kinds=("email", "offer"),
        )  # fmt: skip
        self._night()

    def close(self) -> None:
        """Forget all of it."""
        from django.db import transaction

        self.post_office("fine")
        self.mailer.close()
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def clock(self) -> dt.datetime:
        return self.now

    def act(self, name: str, **given: Any) -> None:
        """Do one of `ACTS`, or die of it, and look whether all is well."""
        from django.db import transaction

        if name == "die_next":
            self.dies = int(given["before"])
            return
        before, self.dies = self.dies, 0
        try:
            with _dying(before), suppress(TenureError):
                getattr(self, name)(**given)
        except Death:
            self.deaths += 1
            # A save by itself is whole or not at all; without this it would end the office's own transaction too.
            transaction.set_rollback(False)
        assert not transaction.get_rollback(), name
        self.look_around()

    # What staff do.

    def look(self, by: str) -> None:
        self.looks[by] = proposing.seen(*self.proposals)
        self.now += dt.timedelta(seconds=20)

    def approve(self, by: str, which: tuple[int, ...], again: bool) -> None:
        from tenure.ledger import approvals

        seen = self.looks.get(by, {}) if again else proposing.seen(*self.proposals)
        wanted = [self.proposals[i] for i in which]
        approvals.approve(proposals=wanted, by=by, seen=seen, settings=self.rules, clock=self.clock)

    def second(self, by: str, which: int) -> None:
        from tenure.ledger import approvals

        seen = proposing.seen(*self.proposals)
        wanted = [self.proposals[which]]
        approvals.second(proposals=wanted, by=by, seen=seen, settings=self.rules, clock=self.clock)

    def decide(self, by: str, which: int, how: str) -> None:
        from tenure.ledger import approvals, proposals

        more: dict[str, Any] = {
            "undo": {}, "revoke": {"why": "x"}, "reject": {"reason": "tone"}, "reassign": {"assignee": "ruth"},
            "snooze": {"until": self.now.date() + dt.timedelta(days=2)},
        }[how]  # fmt: skip
        act = getattr(approvals if how in ("undo", "revoke") else proposals, how)
        act(proposal=self.proposals[which], by=by, clock=self.clock, **more)

    def edit(self, by: str, which: int, text: str, stale: bool) -> None:
        from tenure.ledger import proposals
        from tenure.ledger.models import OutreachStep

        step = OutreachStep.objects.get(proposal=self.proposals[which])
        seen = "0" * 64 if stale else step.digest
        proposals.edit(step=step.pk, by=by, seen=seen, subject=step.subject, body=text, clock=self.clock)

    def morning(self, by: str, which: int, seconded: bool, seconds: int) -> None:
        """What happens on most days: approved, perhaps seconded, and taken up by the worker."""
        self.approve(by, (which,), again=False)
        if seconded:
            self.second("dana" if by == "marta" else "marta", which)
        self.work(seconds)

    def look_up_lost(self, by: str) -> None:
        """Say of each message whose outcome is unknown what the mail server's log says."""
        from tenure.ledger import outcomes
        from tenure.ledger.models import OutreachStep

        for step in OutreachStep.objects.filter(state="unknown").order_by("pk"):
            with suppress(TenureError):
                if step.reference in self.arrived():
                    outcomes.arrived(step=step.pk, by=by, settings=self.rules, clock=self.clock)
                else:
                    outcomes.send_again(step=step.pk, by=by, clock=self.clock)

    # What happens by itself, or behind everybody's back.

    def tamper(self, which: int, part: str, value: str) -> None:
        from tenure.ledger.models import OutreachStep

        OutreachStep.objects.filter(proposal=self.proposals[which], state="approved").update(**{part: value})

    def renew(self, which: int) -> None:
        from tenure.ledger import proposals

        proposals.withdraw(
            proposal=self.proposals[which], rule="renewed", why="renewed", by="tenure run", clock=self.clock
        )

    def opt_out(self, which: int, why: Any) -> None:
        """Until the night in which the member is another one."""
        from tenure.ledger import permissions

        permissions.suppress(
            why=why, source="test", by="tenure serve", member=self._member(which), channel="", clock=self.clock
        )
        self.out.add(self._member(which))

    def night(self, days: int, risk: float) -> None:
        self.now += dt.timedelta(days=days, seconds=20)
        self._night(risk)

    def _night(self, risk: float = 0.38) -> None:
        """Wake, expire, void; propose anew, by today's risk, whoever has nothing open."""
        from tenure.ledger import approvals, proposals
        from tenure.ledger.models import Contact, Proposal

        proposals.wake(today=self.now.date(), by="tenure run", clock=self.clock)
        proposals.expire(today=self.now.date(), by="tenure run", clock=self.clock)
        approvals.void_changed(by="tenure work", clock=self.clock)
        ended = set(Proposal.objects.filter(state__in=("done", "withdrawn", "rejected")).values_list("pk", flat=True))
        over = [i for i in _WHICH if self.proposals[i] in {0, *ended}]
        if not over:
            return
        self.nights += 1
        Contact.objects.bulk_create(
            (Contact(member=self._member(i), email=_address(self._member(i))) for i in over), ignore_conflicts=True
        )
        proposals.propose(proposals=[self._new(i, risk) for i in over], by="tenure run", clock=self.clock)
        for row in Proposal.objects.filter(occasion=f"renewal:{self.nights}"):
            self.proposals[row.member % len(KINDS)] = row.pk

    def _new(self, which: int, risk: float) -> Any:
        member, given = self._member(which), dict(KINDS[which])
        step = proposing.email(kind=given.pop("kind", "email"), recipient=_address(member))
        ends = self.now.date() + dt.timedelta(days=21)
        told = {"p_lapse_renewal": risk, "risk_score": int(risk * 100), "expires_on": ends, "steps": (step,)}
        return new(member, occasion=f"renewal:{self.nights}", **told, **given)

    def _member(self, which: int) -> int:
        """Who stands at a place: another one after having opted out, so that it does not stay empty."""
        member = which
        while member in self.out and self._is_over(which, member):
            member += len(KINDS)
        return member

    def _is_over(self, which: int, member: int) -> bool:
        from tenure.ledger.models import Proposal

        return not Proposal.objects.filter(pk=self.proposals[which], member=member).exclude(
            state__in=("done", "withdrawn", "rejected")
        ).exists()  # fmt: skip

    def post_office(self, mood: str) -> None:
        """How the mail server takes the next messages."""
        self.mail.at_recipient = {"later": "450 later", "never": "550 no such box"}.get(mood, "")
        self.mail.at_data = "451 later" if mood == "later at the end" else ""
        self.mail.drops = 1 if mood == "lost" else 0

    def work(self, seconds: int) -> None:
        """What `tenure work` does in a round."""
        from tenure.ledger import approvals, deliveries

        self.now += dt.timedelta(seconds=seconds)
        for step in deliveries.open_ends(lost_before=self.now - self.carrier.look_after, for_people=KINDS_OF_MAIL):
            self.carrier.look_up(step, self.mailer)
        approvals.void_changed(by="tenure work", clock=self.clock)
        for step in deliveries.due(self.now, undo_seconds=self.rules.outreach.undo_seconds):
            with suppress(NotTaken):
                self.carrier.deliver(step, self.mailer)

    # Whether all is well.

    def arrived(self) -> list[str]:
        """References of what came in at the mail server."""
        return [str(message["X-Tenure-Reference"]) for message in self.mail.messages[self.first :]]

    def look_around(self) -> None:
        for message in self.mail.messages[self.read :]:
            self._let_leave(message)
        self.read = len(self.mail.messages)
        self._states_agree()

    def _let_leave(self, message: Any) -> None:
        from tenure.ledger.models import OutreachStep

        step = OutreachStep.objects.select_related("proposal").get(reference=message["X-Tenure-Reference"])
        (approval,) = step.approvals.filter(ended_at=None)
        assert approval.digest == step.digest == step.content_digest()
        assert (message["To"], message["Subject"]) == (step.recipient, step.subject)
        assert step.body.strip() in message.get_content().replace("\r\n", "\n")
        assert step.proposal.member not in self.out
        assert STAFF[approval.by] in ("manager", "director", "liaison:Gulf")
        assert STAFF[approval.by] != "liaison:Gulf" or step.proposal.chapter_id == "Gulf"
        assert approval.needs_second or not (step.proposal.is_top_value or step.kind == "offer")
        if approval.needs_second:
            pair = {approval.by, approval.second_by}
            assert len(pair) == 2
            assert step.edited_by not in pair
            assert "dana" in pair
        assert self.now >= max(approval.at, approval.second_at or approval.at) + dt.timedelta(seconds=30)

    def _states_agree(self) -> None:
        from tenure.ledger.models import Approval, OutreachStep, Proposal

        for step in OutreachStep.objects.filter(proposal__in=self.proposals).select_related("proposal"):
            if step.state == "approved":
                assert step.proposal.state == "approved"
                assert Approval.objects.filter(step=step, ended_at=None).count() == 1
            if step.state == "draft":
                assert step.proposal.state in (Proposal.State.OPEN, Proposal.State.SNOOZED)
                assert step.leaves_at is None

    def wrong(self, log: Path) -> list[str]:
        """Bring everything to its end, export the audit log to *log*, and let the independent checker compare it with
        what arrived; gives what it finds."""
        from tenure.ledger import audit, proposals

        self.dies = 0
        self.post_office("fine")
        for _ in range(3):
            self.act("work", seconds=90_000)
            self.act("look_up_lost", by="dana")
        for pk in self.proposals:
            proposals.withdraw(proposal=pk, rule="ended", why="the end", by="tenure run", clock=self.clock)
        log.write_bytes(b"".join(line + b"\n" for line in audit.lines()))
        rows = independent_checker.read(log.read_bytes().splitlines())
        return list(independent_checker.check(rows, self.arrived(), ended=True))


KINDS_OF_MAIL = ("email", "offer")


def _address(member: int) -> str:
    return f"member{member}@example.org"


@contextmanager
def _dying(before: int) -> Iterator[None]:
    """Die before the write to the ledger of that number; nought is before none."""
    from django.db import connection

    left = before

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        if sql.lstrip().upper().startswith(_WRITES):
            left -= 1
            if left == 0:
                raise Death
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield
