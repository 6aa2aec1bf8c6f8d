"""Members are found by the beginning of their id in an index, in SQLite and in PostgreSQL."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("home")


def test_the_beginning_of_an_id_is_looked_up_in_either_case_not_looked_for():
    from django.db import connection, transaction

    from tenure.ledger import identities
    from tenure.ledger.models import Identity

    identities.learn(pairs=[(1, "Ab-7"), (2, "aB-8"), (3, "A%b"), (4, "b-7")])
    found = Identity.objects.filter(member_id__istartswith="ab").values_list("member", flat=True)
    assert sorted(found) == [1, 2]
    assert list(Identity.objects.filter(member_id__istartswith="a%").values_list("member", flat=True)) == [3]

    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Of four rows it would read all rather than any index.
            cursor.execute("SET LOCAL enable_seqscan = off")
        assert "identity_by_beginning" in found.explain()
