"""Fields whose whole value identifies a person: always replaced, once, by a pseudonym of the tenant."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import BaseModel

from podion import DataError, Personal
from podion.data.masking.policies import Masking

MASKING = Masking(b"a secret of the tests")
VALUES = some.text(min_size=1, max_size=40).filter(lambda text: not text.startswith("[REFERENCE"))


class Visit(BaseModel):
    """A visit of a patient."""

    patient: Annotated[str, Personal("tokenise", kinds="whole")] | None = None
    ward: Annotated[str, Personal("reject", kinds="whole")] = ""


def kept(patient: str, tenant: str = "ten_a", policy: str = "tokenise") -> str | None:
    """Return how a patient's reference is kept."""
    masker = MASKING.documents(tenant, Visit, {"Visit.patient": policy})
    return masker.accepted(Visit(patient=patient)).record.patient


@given(VALUES)
def test_a_reference_becomes_a_pseudonym_that_stays_what_it_is(value: str) -> None:
    found = kept(value)
    assert found is not None and found.startswith("[REFERENCE:") and len(found) == len("[REFERENCE:]") + 12
    assert kept(found) == found
    assert kept(value) == found
    assert kept(value, tenant="ten_b") != found


@pytest.mark.parametrize(("policy", "expected"), [("mask", "[REFERENCE]"), ("allow", "MRN-1")])
def test_a_tenant_may_choose_another_policy(policy: str, expected: str) -> None:
    assert kept("MRN-1", policy=policy) == expected


def test_nothing_is_no_reference_and_a_rejected_one_is_told_without_it() -> None:
    masker = MASKING.documents("ten_a", Visit)
    assert masker.accepted(Visit()).record == Visit()
    with pytest.raises(DataError) as refused:
        masker.accepted(Visit(ward="W-17"))
    assert "reference to a person" in str(refused.value) and "W-17" not in str(refused.value)
