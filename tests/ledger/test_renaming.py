"""Another key of the pseudonyms: every row goes by another one, and what was hashed, sealed or approved still holds."""

from __future__ import annotations

import secrets

from hypothesis import given
from hypothesis import strategies as st

import proposing
from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms

KEY = secrets.token_bytes(32)
PLAIN, TURNED, OTHER = Pseudonyms(KEY), Pseudonyms(KEY, b"t" * 32), Pseudonyms(KEY, b"o" * 32)


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_pseudonym_is_turned_and_turned_back_and_no_two_become_one(first: int):
    present = TURNED.present(first)
    assert -(2**63) <= present < 2**63
    assert TURNED.first(present) == first
    assert PLAIN.present(first) == PLAIN.first(first) == first
    assert len({first, present, OTHER.present(first)}) == 3
    assert TURNED.present(first ^ 1) != present


def test_secrets_and_digests_are_the_same_by_a_later_key():
    assert TURNED.secret("models") == PLAIN.secret("models")
    assert TURNED.share("night") == PLAIN.share("night")
    assert TURNED.one("00123") == TURNED.present(PLAIN.one("00123")) != PLAIN.one("00123")


def test_every_row_is_renamed_and_approvals_seals_and_the_chain_still_hold(home: Home):
    """On SQLite and PostgreSQL."""
    from tenure.ledger import anchors, approvals, audit, belonging, identities, permissions, renaming, seals
    from tenure.ledger.models import AuditEvent, Contact, Proposal

    keyed = Pseudonyms.of(home)
    one, other = keyed.one("00123"), keyed.one("00124")
    proposing.staff(marta="manager")
    identities.learn(pairs=[(one, "00123"), (other, "00124")])
    Contact.objects.create(member=one, email="member1@example.org")
    permissions.suppress(why="staff", source="test", by="marta", member=other)
    (pk,) = proposing.opened(proposing.new(member=one))
    approvals.approve(proposals=[pk], by="marta", seen=proposing.seen(pk), settings=proposing.settings())
    audit.record("step:member:deliver", by="marta", member=one, sealed={"to": "member1@example.org"})
    was = {rows.model.__name__: rows.count() for rows in belonging.rows_of(member=one, member_id="00123")}

    text = home.key_file.read_text() + "\n" + secrets.token_hex(32)
    now = Pseudonyms.read(text)
    assert renaming.rename(lambda member: now.present(keyed.first(member)), key="k", by="ada", why="w") == 2
    home.key_file.write_text(text)

    assert renaming.is_done("k")
    assert identities.ids_of() == {now.one("00123"): "00123", now.one("00124"): "00124"}
    assert Proposal.objects.get().member == Contact.objects.get().member == now.one("00123")
    assert permissions.barring(member=now.one("00124"), channel="email", at=proposing.MORNING.replace(year=2100))
    found = belonging.rows_of(member=now.one("00123"), member_id="00123")
    assert {rows.model.__name__: rows.count() for rows in found} == was
    assert approvals.void_changed(by="test") == 0
    number = audit.record("step:member:lose", by="marta", member=now.one("00123"), sealed={"x": "y"}).number
    mine = AuditEvent.objects.filter(member=one).order_by("number").values_list("number", flat=True)
    assert number in mine, "the log goes on by the first pseudonym"
    assert {"to": "member1@example.org"} in seals.texts_of(numbers=list(mine)).values()
    assert anchors.verify_ledger([]).is_whole
    assert seals.destroy(member=now.one("00123")) > 1
