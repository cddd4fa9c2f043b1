import gzip
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from podion.data.reading import Limits, Refusal, Row, read_rows, sniff_format
from podion.errors import DataError, TooLarge


def test_csv_and_jsonl_are_told_apart_by_the_first_character(read):
    assert read("text,label\nhi,greet\n") == [Row(2, {"text": "hi", "label": "greet"}, ("text", "label"))]
    assert read(' \n\n {"text": "hi"}\n') == [Row(3, {"text": "hi"})]


def test_a_given_format_is_not_guessed(read):
    (row,) = read('{"text"\nhi\n', format="csv")
    assert isinstance(row, Row)
    (refusal,) = read("text\n", format="jsonl")
    assert isinstance(refusal, Refusal)
    assert "JSON" in refusal.reason


@pytest.mark.parametrize("body", ["text\nhéllo 你好\n", '{"text": "héllo 你好"}'])
def test_a_byte_order_mark_is_no_part_of_the_text(read, body):
    (row,) = read(b"\xef\xbb\xbf" + body.encode())
    assert row.values == {"text": "héllo 你好"}


@pytest.mark.parametrize("data", ["", "\n \n\t\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_error(read, data):
    with pytest.raises(DataError, match="empty"):
        read(data)


def test_a_header_alone_is_an_error(read):
    with pytest.raises(DataError, match="no rows"):
        read("text,label\n\n")


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be", "utf-32"])
def test_utf_16_is_named(read, codec):
    data = "text,label\nhi,greet\n".encode(codec)
    with pytest.raises(DataError, match="UTF-16"):
        read(b"\xfe\xff" + data if codec == "utf-16-be" else data)


def test_utf_16_without_a_mark_is_named_too(read):
    with pytest.raises(DataError, match="UTF-16"):
        read("text,label\nhi,greet\n".encode("utf-16-le"))


@pytest.mark.parametrize(
    ("magic", "word"),
    [(b"PK\x03\x04", "Excel"), (b"BZh91AY", "bzip2"), (b"PAR1", "Parquet"), (b"\x28\xb5\x2f\xfd", "zstd")],
)
def test_other_packings_are_named(read, magic, word):
    with pytest.raises(DataError, match=word):
        read(magic + b"\0" * 100)


def test_gbk_rows_are_refused_with_what_to_do(read):
    good, bad = read(b"text,label\n" + b"hello,a\n" + "你好世界,b\n".encode("gb18030"))
    assert isinstance(good, Row)
    assert bad == Refusal(3, None, "not UTF-8 at byte 0: looks like GBK/GB18030: save the file as UTF-8")
    (bad,) = read(b'{"text": "' + "你好".encode("gbk") + b'"}')
    assert "at byte 10: looks like GBK" in bad.reason


def test_other_bytes_are_refused_without_that_guess(read):
    (bad,) = read(b"text,label\nok\xff,b\n")
    assert bad.reason == "not UTF-8 at byte 2: save the file as UTF-8"


def test_a_header_in_gbk_is_an_error(read):
    with pytest.raises(DataError, match="GBK"):
        read("文本,标签\n你好,问候\n".encode("gbk"))


def test_ten_megabytes_on_one_line_are_skipped_and_the_rest_is_read(read):
    limits = Limits(ratio=10**9)
    for data, line in (("text,label\n" + "x" * 10**7 + "\nhi,a\n", 2), ("{" + " " * 10**7 + '}\n{"text": "hi"}', 1)):
        refusal, row = read(data, limits)
        assert (refusal.line, row.line) == (line, line + 1)
        assert "10,000,00" in refusal.reason


def test_nul_bytes_are_refused_a_row(read):
    bad, good = read(b"text,label\nh\0i,a\nhi,a\n")
    assert "NUL byte at byte 1" in bad.reason
    assert isinstance(good, Row)
    (bad,) = read(b'{"text": "h\0"}')
    assert "NUL" in bad.reason


def test_too_many_rows_are_too_large(read):
    assert len(read("text\n1\n2\n", Limits(rows=2))) == 2
    with pytest.raises(TooLarge, match="more than 2 rows"):
        read("text\n1\n2\n3\n", Limits(rows=2))


def test_a_file_of_blank_lines_is_too_large(read):
    with pytest.raises(TooLarge, match="blank"):
        read("text\nhi\n" + "\n" * 100, Limits(rows=2))


def test_a_file_larger_than_its_limits_is_too_large():
    data = b"text\n" + b"a few words\n" * 20_000
    with pytest.raises(TooLarge, match="unpacked"):
        list(read_rows(io.BytesIO(gzip.compress(data)), limits=Limits(unpacked_bytes=100_000)))
    with pytest.raises(TooLarge, match="for one upload"):
        list(read_rows(io.BytesIO(data), limits=Limits(upload_bytes=100_000)))


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = io.BytesIO(gzip.compress(b"text\n" + b"0" * (64 * 1024 * 1024)))
    with pytest.raises(TooLarge, match="looks like a bomb"):
        list(read_rows(bomb, limits=Limits()))


def test_gzip_of_a_bomb_is_refused():
    with pytest.raises(DataError, match="twice"):
        list(read_rows(io.BytesIO(gzip.compress(gzip.compress(b"text\n" + b"0" * 10**7))), limits=Limits()))


def test_several_gzip_members_are_one_file():
    data = gzip.compress(b"text,la") + gzip.compress(b"") + gzip.compress(b"bel\nhi,greet\n") + b"\0" * 512
    assert [row.values for row in read_rows(io.BytesIO(data), limits=Limits())] == [{"text": "hi", "label": "greet"}]


def test_thousands_of_empty_members_are_refused():
    with pytest.raises(DataError, match="nearly empty parts"):
        list(read_rows(io.BytesIO(gzip.compress(b"") * 5_000), limits=Limits()))


def test_a_gzip_cut_off_says_how_far_it_went():
    data = gzip.compress(b"text\n" + b"".join(b"row %d\n" % number for number in range(50_000)))
    count = 0
    with pytest.raises(DataError, match="end early") as caught:
        for _ in read_rows(io.BytesIO(data[:-1_000]), limits=Limits()):
            count += 1
    assert count > 1_000
    assert f"{count:,} rows had been read" in caught.value.detail


def test_a_damaged_gzip_is_refused():
    data = bytearray(gzip.compress(b"text\n" + b"".join(b"row %d\n" % number for number in range(5_000))))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(DataError, match=r"damaged|early"):
        list(read_rows(io.BytesIO(bytes(data)), limits=Limits()))
    data = bytearray(gzip.compress(b"text\nhi\n"))
    data[-6] ^= 0xFF
    with pytest.raises(DataError, match="damaged"):
        list(read_rows(io.BytesIO(bytes(data)), limits=Limits()))


def test_a_format_is_sniffed_through_gzip():
    assert sniff_format(io.BytesIO(gzip.compress(b' {"a": 1}'))) == "jsonl"
    assert sniff_format(io.BytesIO(b"a,b\n")) == "csv"
    with pytest.raises(DataError, match="early"):
        sniff_format(io.BytesIO(gzip.compress(b"a,b\n")[:-9]))


@given(st.binary(max_size=300), st.booleans())
@example(b'text\n"\n\n"', False)
@example(b'{"a"\n{"a": "\\ud800"}', False)
def test_whatever_comes_is_rows_refusals_or_a_data_error(data, packed):
    source = io.BytesIO(gzip.compress(data) if packed else data)
    try:
        for row in read_rows(source, limits=Limits(line_bytes=50)):
            assert row.line >= 1
    except DataError as error:
        assert error.detail
