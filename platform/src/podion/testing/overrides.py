"""Checks of the kit may be declared as failing, never replaced in silence."""

GUARD = "test_no_check_is_overridden"
_OPEN = frozenset({"plugin", "examples", "entry_points"})


def check_nothing_is_replaced(own: type, kit: type) -> None:
    """Raise `AssertionError` that names what `own` replaces of `kit` without an xfail that says why."""
    names = [name for name in vars(kit) if not name.startswith("__") and name not in _OPEN]
    replaced = [name for name in names if getattr(own, name) is not getattr(kit, name) and not _same(own, kit, name)]
    silent = [name for name in replaced if not _is_excused(getattr(own, name))]
    assert not silent, (
        f"{own.__name__} replaces {', '.join(sorted(silent))} of {kit.__name__}; a check that does not hold yet is"
        ' marked `@pytest.mark.xfail(reason="why")`, everything else is added under a name of its own'
    )


def _same(own: type, kit: type, name: str) -> bool:
    # A class method is a new object at each look; what counts is the function behind it.
    mine, theirs = getattr(own, name), getattr(kit, name)
    return getattr(mine, "__func__", mine) is getattr(theirs, "__func__", theirs)


def _is_excused(method: object) -> bool:
    marks = getattr(method, "pytestmark", [])
    return any(mark.name == "xfail" and str(mark.kwargs.get("reason", "")).strip() for mark in marks)
