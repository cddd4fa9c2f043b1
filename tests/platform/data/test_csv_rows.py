import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.data.reading import Limits, Refusal, Row, read_rows
from podion.errors import DataError


def texts(rows):
    return [row.values["text"] if isinstance(row, Row) else row for row in rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_tells_the_delimiter(read, delimiter):
    (row,) = read(delimiter.join(("text", "label")) + "\n" + delimiter.join(('"a, b; c\td"', "x")) + "\n")
    assert row.values == {"text": "a, b; c\td", "label": "x"}


def test_delimiters_inside_a_quoted_name_do_not_count(read):
    (row,) = read('"a;b;c",text\n1,2\n')
    assert row.values == {"a;b;c": "1", "text": "2"}


def test_lines_may_end_as_on_windows_and_the_last_may_not_end(read):
    assert texts(read("text,label\r\na,1\r\n\r\nb,2")) == ["a", "b"]


def test_a_quoted_cell_goes_over_lines_and_rows_know_their_first_line(read):
    rows = read('text,label\n"one\ntwo ""2""\nthree",a\nnext,b\n')
    assert texts(rows) == ['one\ntwo "2"\nthree', "next"]
    assert [row.line for row in rows] == [2, 5]


def test_too_many_and_too_few_cells_are_refused(read):
    many, few, good = read("text,label\na,b,c\na\na,b\n")
    assert many.reason.startswith("3 cells where the header has 2")
    assert few.reason.startswith("1 cell where the header has 2")
    assert (few.line, good.line) == (3, 4)


def test_a_quote_never_closed_costs_its_own_line(read):
    rows = read('text,label\n"oh no,a\nfine,b\n"also, fine",c\n5" disc,d\n')
    assert isinstance(rows[0], Refusal)
    assert rows[0].line == 2
    assert texts(rows[1:]) == ["fine", "also, fine", '5" disc']


def test_a_quote_open_to_the_end_costs_its_own_line(read):
    refusal, *rows = read('text,label\n"oh no,a\n' + "fine,b\n" * 1_000)
    assert "not closed" in refusal.reason
    assert texts(rows) == ["fine"] * 1_000


def test_the_tail_of_a_broken_record_does_not_pass_for_a_row(read):
    rows = read('text,label\n"first line\nsecond"x,a\nfine,b\n')
    assert [row.line for row in rows if isinstance(row, Refusal)] == [2, 3]
    assert texts(rows[-1:]) == ["fine"]


def test_the_end_of_a_record_longer_than_allowed_does_not_pass_for_a_row(read):
    rows = read('text,label\n"begin\n' + "more\n" * 100 + 'end",a\nfine,b\n5" disc,c\n', Limits(line_bytes=200))
    assert texts([row for row in rows if isinstance(row, Row)]) == ["fine", '5" disc']
    assert "line 2" in rows[-3].reason


def test_an_open_quote_is_bounded_by_the_length_of_a_line(read):
    refusal, *rows = read('text\n"open\n' + "x\n" * 10_000, Limits(line_bytes=1_000))
    assert "not closed within 1,000 bytes" in refusal.reason
    assert len(rows) == 10_000


def test_a_bad_line_inside_a_quoted_cell_refuses_the_whole_record(read):
    refusal, row = read(b'text,label\n"one\n\xff\xfe\nthree",a\nnext,b\n')
    assert refusal.line == 2
    assert "not UTF-8" in refusal.reason
    assert row.values["text"] == "next"


def test_text_after_a_closing_quote_is_refused(read):
    refusal, row = read('text,label\n"a" b,c\nd,e\n')
    assert "closing quote" in refusal.reason
    assert row.line == 3


def test_a_quote_inside_a_plain_cell_is_a_quote(read):
    assert texts(read('text,label\n5" disc,a\nsay "hi",b\n')) == ['5" disc', 'say "hi"']


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("text,,label", "cell 2 is empty"),
        (",text", "index=False"),
        ("text,label,text", "'text' more than once"),
        ("text, text", "more than once"),
        ('"text,label', "not closed"),
        ("text,label\rhi,a\r", "carriage return"),
    ],
)
def test_a_header_that_cannot_work_is_an_error(read, header, words):
    with pytest.raises(DataError, match=words):
        read(header + "\na,b,c\n")


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=20), st.sampled_from(",;\t"))
def test_what_the_csv_module_writes_comes_back(pairs, delimiter):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([("text", "label"), *pairs])
    rows = list(read_rows(io.BytesIO(out.getvalue().encode()), limits=Limits(), format="csv"))
    assert [tuple(row.values.values()) for row in rows] == pairs
