"""What a tenant decides for the personal fields of a vertical: its own policies over the plugin's defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from pydantic import BaseModel

from podion.data.masking.fields import personal_fields, personal_kinds
from podion.data.masking.pseudonyms import tenant_pseudonym
from podion.data.masking.records import Masker
from podion.data.suggestions import Suggestions
from podion.errors import DataError, Fault
from podion.vertical import MaskPolicy, PersonalKinds, Task, Vertical

COMMENT = "feedback.comment"
"""The one personal field that every vertical has: what a client writes beside its feedback."""

_POLICIES: tuple[MaskPolicy, ...] = get_args(MaskPolicy)


def personal_names(vertical: Vertical) -> dict[str, MaskPolicy]:
    """Return the default policy of every personal field of a vertical, as `intent.text` or `FaqEntry.question`."""
    models = {task.name: task.record for task in vertical.tasks}
    models |= {kind.__name__: kind for kind in (*vertical.kinds, *(spec.kind for spec in vertical.collections))}
    names: dict[str, MaskPolicy] = {COMMENT: "mask"}
    for owner, model in models.items():
        names |= {f"{owner}.{path}": policy for path, policy in personal_fields(model).items()}
    return names


def comment_kinds(vertical: Vertical) -> PersonalKinds:
    """Return which kinds a comment on a vertical's answers is read for: the clinical ones where any field asks so."""
    models = (*(task.record for task in vertical.tasks), *vertical.kinds, *(spec.kind for spec in vertical.collections))
    asked = {kinds for model in models for kinds in personal_kinds(model).values()}
    return "clinical" if "clinical" in asked else "usual"


def checked_policies(vertical: Vertical, chosen: Mapping[str, str]) -> dict[str, str]:
    """Return a tenant's policies as they are stored; raises `DataError` for a field or a policy that does not exist."""
    known = personal_names(vertical)
    suggestions = Suggestions()
    faults = []
    for name, policy in chosen.items():
        if name not in known:
            listed = ", ".join(sorted(known))
            hint = suggestions.question(name, known) or "."
            faults.append(Fault(_pointer(name), f"no personal field {name!r}{hint} {vertical.name} has {listed}"))
        elif policy not in _POLICIES:
            hint = suggestions.question(policy, _POLICIES) or "."
            faults.append(Fault(_pointer(name), f"no policy {policy!r}{hint} There are {', '.join(_POLICIES)}"))
    if faults:
        raise DataError(faults[0].detail, code="bad_policy", faults=faults)
    return dict(chosen)


def merged_policies(
    owner: str, model: type[BaseModel], chosen: Mapping[str, str] | None = None
) -> Mapping[str, MaskPolicy]:
    """Return the policy of each personal field of a model, what a tenant chose for `owner` over the defaults.

    A policy that a later version no longer knows counts as `mask`: what was to be hidden is never shown for that.
    """
    defaults = personal_fields(model)
    if not chosen:
        return defaults
    return {path: _known(chosen.get(f"{owner}.{path}", policy)) for path, policy in defaults.items()}


@dataclass(frozen=True, slots=True)
class Masking:
    """Masks for every tenant of an installation, under its secret."""

    secret: bytes

    def __repr__(self) -> str:
        return "Masking(…)"

    def records(self, tenant: str, task: Task, chosen: Mapping[str, str] | None = None) -> Masker:
        """Return what masks a task's records; `chosen` are the tenant's own policies for the vertical."""
        policies = merged_policies(task.name, task.record, chosen)
        return Masker(policies, tenant_pseudonym(self.secret, tenant), task.text or "text", personal_kinds(task.record))

    def documents(self, tenant: str, kind: type[BaseModel], chosen: Mapping[str, str] | None = None) -> Masker:
        """Return what masks a tenant's documents of a kind."""
        policies = merged_policies(kind.__name__, kind, chosen)
        return Masker(policies, tenant_pseudonym(self.secret, tenant), kinds=personal_kinds(kind))

    def comment(
        self,
        tenant: str,
        text: str | None,
        chosen: Mapping[str, str] | None = None,
        kinds: PersonalKinds = "usual",
    ) -> str | None:
        """Return a comment on an answer as it may be kept; raises as `mask_record` does."""
        if text is None:
            return None
        policy = _known((chosen or {}).get(COMMENT, "mask"))
        masker = Masker({"comment": policy}, tenant_pseudonym(self.secret, tenant), kinds={"comment": kinds})
        kept = masker.accepted({"comment": text}).record["comment"]
        assert isinstance(kept, str)
        return kept


def _known(policy: str) -> MaskPolicy:
    return next((each for each in _POLICIES if each == policy), "mask")


def _pointer(name: str) -> str:
    return "/personal/" + name.replace("~", "~0").replace("/", "~1")
