"""A redacted text differs where something was found, and nowhere else; pseudonyms are a tenant's own."""

from hypothesis import given, settings
from hypothesis import strategies as st

from podion.data.masking.finding import find
from podion.data.masking.pseudonyms import Pseudonym, tenant_pseudonym
from podion.data.masking.redaction import Edits, redact, shown
from podion.vertical import MaskPolicy

OURS, THEIRS = (tenant_pseudonym(b"installation", name) for name in ("ten_ours", "ten_theirs"))
PARTS = [
    "13812345678",
    "emma@mail.example",
    "11010519491231002X",
    "4012888888881881",
    " and ",
    "，",
    "hello",
    "1",
    "😡",
    "ﬁ",
]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)


def test_mask_writes_the_kind_and_tokenise_a_pseudonym() -> None:
    text = "call 13812345678 or 13812345678, mail e@x.example"
    assert redact(text, "mask", OURS).text == "call [PHONE] or [PHONE], mail [EMAIL]"
    words = redact(text, "tokenise", OURS).text.replace(",", "").split()
    assert words[1] == words[3]
    assert words[1].startswith("[PHONE:")
    assert redact(text, "allow", OURS).text == redact(text, "reject", OURS).text == text
    assert [found.kind for found in redact(text, "reject", OURS).found] == ["phone", "phone", "email"]
    assert redact(text, "allow", OURS).found == ()


def test_a_pseudonym_is_the_tenants_own() -> None:
    assert OURS.of("phone", "13812345678") == OURS.of("phone", "13812345678")
    assert OURS.of("phone", "13812345678") != THEIRS.of("phone", "13812345678")
    assert OURS.of("phone", "13812345678") != OURS.of("bank_card", "13812345678")
    assert OURS.of("phone", "13812345678") != tenant_pseudonym(b"elsewhere", "ten_ours").of("phone", "13812345678")
    assert b"installation" not in repr(OURS).encode()
    assert OURS.secret.hex() not in repr(OURS)


def test_a_value_has_one_pseudonym_however_it_is_written() -> None:
    phones = ("13812345678", "138-1234-5678", "+86 138 1234 5678", "008613812345678", "１３８１２３４５６７８")
    assert len({OURS.of("phone", phone) for phone in phones}) == 1
    assert len({OURS.of("phone", phone) for phone in ("+1 415-867-5309", "(415) 867-5309")}) == 1
    assert OURS.of("resident_id", "11010519491231002X") == OURS.of("resident_id", "110105-19491231-002x")


def test_a_pseudonym_is_never_digits_alone() -> None:
    names = [Pseudonym(b"s").of("phone", str(number)) for number in range(3_000)]
    assert all(len(name) == 12 and not name.isdecimal() for name in names)


def test_what_hid_beside_something_found_is_found_too() -> None:
    ids = "11010519491231002X" * 3  # of these and the second address the first address seems to be a part
    assert redact(f"emma@mail.example{ids}helloemma@mail.example", "mask", OURS).text == "[EMAIL][EMAIL]"


@given(TEXTS, st.sampled_from(["mask", "tokenise"]))
@settings(max_examples=150)
def test_nothing_changes_outside_the_findings(text: str, policy: MaskPolicy) -> None:
    redacted = redact(text, policy, OURS)
    ends = [0, *(found.end for found in redacted.found)]
    starts = [*(found.start for found in redacted.found), len(text)]
    for end, start in zip(ends, starts, strict=True):
        now_start, now_end = redacted.edits.moved(end, start) if end < start else (0, 0)
        assert redacted.text[now_start:now_end] == text[end:start]
    for found in redacted.found:
        now_start, now_end = redacted.edits.moved(found.start, found.end)
        assert redacted.text[now_start:now_end].startswith(f"[{found.kind.upper()}")
        assert redacted.text[now_start:now_end].endswith("]")
    assert find(redacted.text) == [], "what is masked is masked"


@given(TEXTS, st.data())
@settings(max_examples=150)
def test_a_stretch_without_personal_values_is_the_same_where_it_moves(text: str, data: st.DataObject) -> None:
    redacted = redact(text, "mask", OURS)
    start = data.draw(st.integers(0, max(0, len(text) - 1)))
    end = data.draw(st.integers(start, len(text)))
    now = redacted.edits.moved(start, end)
    assert 0 <= now[0] <= now[1] <= len(redacted.text)
    if start < end and all(found.end <= start or end <= found.start for found in redacted.found):
        assert redacted.text[now[0] : now[1]] == text[start:end]


def test_a_stretch_that_cuts_a_value_has_its_whole_tag() -> None:
    edits = Edits(((5, 16, 7),))
    assert edits.moved(5, 16) == (5, 12)
    assert edits.moved(8, 10) == (5, 12)
    assert edits.moved(0, 8) == (0, 12)
    assert edits.moved(16, 20) == (12, 16)
    assert edits.moved(0, 5) == (0, 5)


def test_a_message_quotes_nothing_personal() -> None:
    assert shown("'13812345678' is no date") == "'[PHONE]' is no date"
