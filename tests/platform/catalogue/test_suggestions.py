from podion.catalogue.suggestions import did_you_mean, listed


def test_the_nearest_name_is_suggested() -> None:
    assert did_you_mean("Prase", ["praise", "risk"]) == " Did you mean 'praise'?"


def test_nothing_near_is_no_suggestion() -> None:
    assert did_you_mean("zzz", ["praise", "risk"]) == ""
    assert did_you_mean("praise", []) == ""


def test_names_are_sorted() -> None:
    assert (listed(["b", "a"]), listed([])) == ("a, b", "none")
