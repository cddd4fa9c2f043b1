"""How a plugin's failure is put into words."""

from hypothesis import given
from hypothesis import strategies as st

from podion.catalogue.plugin_record import Broken, Origin, Phase, Problem, describe, quarantined

ORIGIN = Origin(name="praise", distribution="podion-praise", version="1", package="podion_praise")


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=12))
def test_a_message_spells_out_at_most_five(causes: list[str]) -> None:
    problems = [Problem(f"<{cause}>", "mend it") for cause in causes]
    record = quarantined(ORIGIN, Broken(Phase.DECLARED, problems))
    assert record.error is not None
    assert record.error.startswith("plugin 'praise' (podion-praise 1): ")
    assert record.error.endswith(f"and {len(causes) - 5} more") == (len(causes) > 5)
    assert record.hint == "mend it"


def test_an_exception_is_told_in_one_line_with_its_place() -> None:
    try:
        raise ValueError("first\n   second")
    except ValueError as error:
        told = describe(error)
    assert told.startswith("ValueError: first second (in ")
    assert "test_plugin_record" in told


def test_an_exception_without_words_is_told_too() -> None:
    assert describe(KeyError()) == "KeyError: no message"
