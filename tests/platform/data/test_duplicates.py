from hypothesis import given
from hypothesis import strategies as st

from podion.data.duplicates import Sightings, digest, identity, label_digest, normalise


def test_case_width_and_white_space_do_not_matter():
    assert normalise("  Ｈello\tWÖRLD\n") == normalise("hello wörld")
    assert normalise("Straße") == normalise("STRASSE")
    assert normalise("hello") != normalise("hallo")


@given(st.text("aB ｃÀßŐ\t", max_size=8))
def test_text_is_compared_alike_whatever_its_alphabet(text):
    assert normalise(text + "é").removesuffix("é").rstrip() == normalise(text)


def test_digests_are_small():
    assert digest("a" * 10_000).bit_length() <= 96
    assert label_digest("a").bit_length() <= 64


def test_another_field_makes_another_identity():
    assert identity("a", {}) != identity("a", {"b": 1}) != identity("a", {"b": "1"})


def test_many_labels_of_one_text_are_one_conflict_with_a_short_list():
    sightings = Sightings()
    for line in range(5_000):
        assert not sightings.repeats(line, 1, label_digest(str(line)), str(line))
    assert sightings.repeats(9_999, 1, label_digest("77"), "77")
    (conflict,) = sightings.conflicts()
    assert sightings.conflict_count == 1
    assert conflict.lines[:3] == (0, 1, 2)
    assert len(conflict.lines) == 100
    assert sightings.duplicates[0].first_line == 77
