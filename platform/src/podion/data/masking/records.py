"""Records as they may be kept: their personal fields masked, the spans over a masked text moved along."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from podion.answers import Span
from podion.data.masking.found import KINDS
from podion.data.masking.pseudonyms import Pseudonym
from podion.data.masking.redaction import Edits, redact
from podion.errors import DataError, Fault
from podion.vertical import MaskPolicy, PersonalKinds

RecordT = TypeVar("RecordT", bound=BaseModel | Mapping[str, Any])

_SPAN = {"start", "end", "label"}
_UNCHANGED = Edits()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something personal that a record held: in which field, and of which kind; never the value."""

    field: str
    kind: str


@dataclass(frozen=True, slots=True)
class Masked(Generic[RecordT]):
    """A record as it may be kept, what was found, what its policies do not take, and how its text has changed."""

    record: RecordT
    findings: tuple[Finding, ...]
    rejected: tuple[Finding, ...]
    edits: Edits


def mask_record(
    record: RecordT, policies: Mapping[str, MaskPolicy], pseudonym: Pseudonym, *, text: str = "text"
) -> tuple[RecordT, tuple[Finding, ...]]:
    """Return a record's masked copy (itself where nothing was found) and what was found.

    `policies` are those of `personal_fields`, or a tenant's own over them. Lists of `Span` that stand beside the field
    `text` are moved along with it. Raises `DataError` (code `personal_data`) for what a policy rejects: it names field
    and kind, never the value.
    """
    masked = Masker(policies, pseudonym, text).accepted(record)
    return masked.record, masked.findings


def refusal(finding: Finding) -> str:
    """Return why a field that takes nothing personal does not take what was found."""
    return (
        f"holds {KINDS[finding.kind]}, and takes nothing personal: leave it out, "
        "or let an admin key set another policy for the field"
    )


def moved_spans(spans: Sequence[Span], edits: Edits) -> list[Span]:
    """Return spans over a text as sent as spans over its masked form, in the order given.

    Several that cut one replaced value would all become its whole tag: the first of them is kept. Those that lay within
    one another stay so.
    """
    moved: dict[int, Span] = {}
    for place in sorted(range(len(spans)), key=lambda place: (spans[place].start, spans[place].end)):
        start, stop = edits.moved(spans[place].start, spans[place].end)
        new = spans[place].model_copy(update={"start": start, "end": stop})
        if not any(_overlap(new, other) and not _overlap(spans[place], spans[at]) for at, other in moved.items()):
            moved[place] = new
    return [moved[place] for place in sorted(moved)]


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


@dataclass(frozen=True, slots=True)
class Masker:
    """Masks records of one schema for one tenant; fields that `kinds` does not name are read for the usual kinds."""

    policies: Mapping[str, MaskPolicy]
    pseudonym: Pseudonym
    text: str = "text"
    kinds: Mapping[str, PersonalKinds] = field(default_factory=dict)

    def mask(self, record: RecordT) -> Masked[RecordT]:
        """Return what a record becomes; one without personal values is returned itself."""
        walk = _Walk(self)
        masked = walk.container(record, "")
        return Masked(masked, tuple(walk.findings), tuple(walk.rejected), walk.edits)

    def accepted(self, record: RecordT) -> Masked[RecordT]:
        """Return what a record becomes; raises `DataError` (code `personal_data`) for what a policy rejects."""
        masked = self.mask(record)
        if masked.rejected:
            faults = [Fault("/" + each.field.replace(".", "/"), refusal(each)) for each in masked.rejected]
            raise DataError(f"{masked.rejected[0].field} {faults[0].detail}", code="personal_data", faults=faults)
        return masked


@dataclass(slots=True)
class _Walk:
    """One way through a record."""

    masker: Masker
    findings: list[Finding] = field(default_factory=list)
    rejected: list[Finding] = field(default_factory=list)
    edits: Edits = _UNCHANGED

    def container(self, value: Any, path: str) -> Any:
        """Return a model or a dictionary of fields with its personal fields masked."""
        fields = value if isinstance(value, Mapping) else value.__dict__
        changes: dict[str, Any] = {}
        edits = _UNCHANGED
        for name, held in fields.items():
            here = f"{path}.{name}" if path else str(name)
            policy = self.masker.policies.get(here)
            if policy is not None:
                changed, done = self._leaf(held, here, policy)
                if name == self.masker.text:
                    edits = done
            elif self._leads_on(here):
                changed = self._inner(held, here)
            else:
                continue
            if changed is not held:
                changes[name] = changed
        if edits.edits:
            changes |= self._spans(fields, edits)
            self.edits = self.edits if path else edits
        if not changes:
            return value
        return {**value, **changes} if isinstance(value, Mapping) else value.model_copy(update=changes)

    def _leads_on(self, path: str) -> bool:
        return any(known.startswith(f"{path}.") for known in self.masker.policies)

    def _inner(self, value: Any, path: str) -> Any:
        """Return models inside a field with theirs masked; a dictionary's keys are fields only where a policy says."""
        if isinstance(value, BaseModel):
            return self.container(value, path)
        if isinstance(value, Mapping):
            if any(f"{path}.{key}" in self.masker.policies or self._leads_on(f"{path}.{key}") for key in value):
                return self.container(value, path)
            inner = {key: self._inner(each, path) for key, each in value.items()}
            return inner if any(inner[key] is not value[key] for key in value) else value
        if isinstance(value, list | tuple):
            return _same_sequence(value, [self._inner(each, path) for each in value])
        return value

    def _leaf(self, value: Any, path: str, policy: MaskPolicy) -> tuple[Any, Edits]:
        """Return a personal field's text, or the texts in it, under its policy."""
        if isinstance(value, str):
            redacted = redact(value, policy, self.masker.pseudonym, self.masker.kinds.get(path, "usual"))
            found = [Finding(path, each.kind) for each in redacted.found]
            (self.rejected if policy == "reject" else self.findings).extend(found)
            return (redacted.text if redacted.edits.edits else value), redacted.edits
        if isinstance(value, list | tuple):
            return _same_sequence(value, [self._leaf(each, path, policy)[0] for each in value]), _UNCHANGED
        if isinstance(value, Mapping):
            inner = {key: self._leaf(each, path, policy)[0] for key, each in value.items()}
            return (inner if any(inner[key] is not value[key] for key in value) else value), _UNCHANGED
        return value, _UNCHANGED

    def _spans(self, fields: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        for name, value in fields.items():
            if not isinstance(value, list | tuple) or not value:
                continue
            if all(isinstance(each, Span) for each in value):
                changes[name] = type(value)(moved_spans(value, edits))
            elif all(isinstance(each, Mapping) and each.keys() == _SPAN for each in value):
                spans = moved_spans([Span.model_validate(each) for each in value], edits)
                changes[name] = [span.model_dump() for span in spans]
        return changes


def _same_sequence(value: Any, inner: list[Any]) -> Any:
    """Return `value` itself where nothing in it has changed."""
    if all(new is old for new, old in zip(inner, value, strict=True)):
        return value
    return type(value)(inner)
