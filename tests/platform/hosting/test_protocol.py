import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.errors import Conflict, DataError, NotFound, PluginError, PodionError, TooLarge, Unavailable
from podion.hosting import protocol
from podion.hosting.protocol import Call, Failed, Frames, call_from, message_of, pack

json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def receive(content: bytes) -> object:
    [message] = Frames().feed(content)
    return message


@given(st.dictionaries(st.text(), json, max_size=4))
def test_what_is_packed_is_read(message: dict[str, object]) -> None:
    assert receive(pack(message)) == message


@given(st.lists(st.dictionaries(st.text(), json, max_size=2), max_size=4), st.lists(st.integers(1, 40), max_size=20))
def test_messages_arrive_in_pieces_of_any_size(messages: list[dict[str, object]], cuts: list[int]) -> None:
    content = b"".join(map(pack, messages))
    frames, found = Frames(), []
    for size in cuts:
        found += frames.feed(content[:size])
        content = content[size:]
    assert found + frames.feed(content) == messages


@given(st.lists(st.dictionaries(st.text(), json, max_size=3), max_size=3))
def test_a_call_survives_the_wire(records: list[dict[str, object]]) -> None:
    call = Call(owner="t", base="b", folder="/f", digest="d", records=tuple(records), urgency="bulk")
    received = receive(pack({"call": message_of(call)}))
    assert isinstance(received, dict)
    assert call_from(received["call"]) == call


@pytest.mark.parametrize("error", [
    NotFound("a", code="unknown_adapter"), Conflict("b", code="fingerprint_mismatch"), DataError("c"),
    Unavailable("d", retry_after=2), PluginError("e"), PodionError("f"), TooLarge("g"),
])  # fmt: skip
def test_a_failure_is_raised_as_what_it_was(error: PodionError) -> None:
    again = Failed.of(error).error()
    assert type(again) is type(error)
    assert (again.detail, again.code, again.status, again.retry_after) == (
        error.detail, error.code, error.status, error.retry_after,
    )  # fmt: skip


def test_bad_output_of_a_plugin_stays_an_error_of_the_server() -> None:
    assert Failed.of(PluginError("x", code="bad_output")).error().status == 500


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"owner": 1, "base": "b", "folder": "f", "digest": "d", "records": []},
        {"owner": "o", "base": "b", "folder": "f", "digest": "d", "records": ["text"]},
        {"owner": "o", "base": "b", "folder": "f", "digest": "d", "records": None},
        {"owner": "o", "base": "b", "folder": "f", "digest": "d", "records": [], "urgency": "now"},
    ],
)
def test_a_call_that_is_none_is_refused(message: dict[str, object]) -> None:
    with pytest.raises(DataError):
        call_from(message)


@pytest.mark.parametrize("content", [b"\x00\x00\x00\x01\xc1", b"\x00\x00\x00\x01\x01", b"\x00\x00\x00\x02\x01\x01"])
def test_frames_that_hold_no_message_are_refused(content: bytes) -> None:
    with pytest.raises(DataError):
        receive(content)


def test_frames_that_are_too_large_are_refused_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="4294967295 bytes"):
        receive(b"\xff\xff\xff\xff")
    monkeypatch.setattr(protocol, "LARGEST_FRAME", 10)
    with pytest.raises(TooLarge, match="10 are allowed"):
        pack({"text": "more than ten bytes"})
