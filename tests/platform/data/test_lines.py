from hypothesis import given
from hypothesis import strategies as st

from podion.data.lines import Lines


@given(st.binary(max_size=60).map(lambda data: data.replace(b"x", b"\n")), st.integers(1, 9), st.integers(1, 12))
def test_lines_do_not_depend_on_how_the_bytes_came(data, piece, longest):
    chunks = [data[start : start + piece] for start in range(0, len(data), piece)]
    lines = list(Lines(chunks, longest, 100))
    wanted = data.removesuffix(b"\n").split(b"\n") if data else []
    assert [line.size for line in lines] == [len(line) for line in wanted]
    assert [line.data for line in lines] == [line if len(line) <= longest else b"" for line in wanted]
    assert [line.number for line in lines] == list(range(1, len(wanted) + 1))


def test_lines_put_back_come_again_in_order():
    lines = Lines([b"a\nb\nc\n"], 10, 10)
    taken = [next(lines), next(lines)]
    lines.put_back(taken)
    assert [line.data for line in lines] == [b"a", b"b", b"c"]
