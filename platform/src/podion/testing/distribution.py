"""Checks of the distribution that brings a plugin: who made it may be asked, and what it needs is said."""

from collections.abc import Sequence
from importlib.metadata import EntryPoint

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

_FIELDS = {"Summary": 'description = "…"', "Requires-Python": 'requires-python = ">=3.11"'}
_LICENSES = ("License-Expression", "License-File", "License")


def check_described(entries: Sequence[EntryPoint]) -> None:
    """Raise `AssertionError` that says what the distribution's metadata lack."""
    assert len(entries) == 1, f"{len(entries)} entry points of that name are installed; exactly one is allowed"
    [entry] = entries
    assert entry.dist is not None, f"the entry point {entry.name!r} belongs to no distribution: install it with pip"
    metadata = entry.dist.metadata
    try:
        Version(entry.dist.version)
    except InvalidVersion as error:
        raise AssertionError(f"the version {entry.dist.version!r} is none that pip knows (PEP 440)") from error
    for field, example in _FIELDS.items():
        assert field in metadata and metadata[field].strip(), (
            f"the distribution has no {field}: write {example} in pyproject.toml"
        )
    classifiers = metadata.get_all("Classifier") or []
    assert any(name in metadata for name in _LICENSES) or any(name.startswith("License ::") for name in classifiers), (
        'the distribution does not say its license: write license = "Apache-2.0", or another, in pyproject.toml'
    )


def check_needs_podion(entries: Sequence[EntryPoint]) -> None:
    """Raise `AssertionError` unless the distribution requires podion, up to a version."""
    found = [Requirement(line) for entry in entries if entry.dist for line in entry.dist.requires or []]
    needed = next((requirement for requirement in found if requirement.name == "podion"), None)
    assert needed is not None, 'the distribution does not require podion: write dependencies = ["podion>=0.1,<0.2"]'
    assert not needed.specifier.contains("99"), (
        f"the distribution takes any later podion ({needed}): write podion>=0.1,<0.2"
    )
