import pytest

from podion.errors import DataError


@pytest.mark.parametrize(
    "data", ["text,label,domain\nhi,greet,chat\n", '{"text":"hi","label":"greet","domain":"chat"}']
)
class TestEitherFormat:
    def test_a_mapped_field_takes_the_place_of_the_column_of_its_name(self, read, data):
        (row,) = read(data, rename={"label": "domain"})
        assert row.values == {"text": "hi", "label": "chat"}

    def test_a_dropped_column_is_gone(self, read, data):
        (row,) = read(data, drop=["domain", "label"])
        assert row.values == {"text": "hi"}

    def test_columns_may_change_places(self, read, data):
        (row,) = read(data, rename={"label": "domain", "domain": "label"})
        assert row.values == {"text": "hi", "label": "chat", "domain": "greet"}

    def test_one_column_may_fill_two_fields(self, read, data):
        (row,) = read(data, rename={"label": "domain", "topic": "domain"}, drop=["domain"])
        assert row.values == {"text": "hi", "label": "chat", "topic": "chat"}

    @pytest.mark.parametrize("options", [{"rename": {"label": "intent"}}, {"drop": ["intent"]}])
    def test_a_column_that_is_not_there_is_an_error_with_those_that_are(self, read, data, options):
        with pytest.raises(DataError, match=r"'intent'.*'text', 'label', 'domain'"):
            read(data, **options)


def test_a_json_row_may_lack_a_mapped_column_that_others_have(read):
    rows = read('{"text": "a"}\n{"text": "b", "domain": "x"}', rename={"label": "domain"})
    assert [row.values for row in rows] == [{"text": "a"}, {"text": "b", "label": "x"}]


def test_rows_of_a_table_know_its_columns(read):
    (row,) = read("text,domain,label\nhi,chat,x\n", rename={"label": "domain"})
    assert row.columns == ("text", "label")
