"""Records on their way into a dataset version: masked, counted, or refused."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from podion.data.masking.records import Finding, Masker, refusal
from podion.data.records import Accepted
from podion.data.rows import Refusal


class Ingest:
    """Masks what goes into one dataset version, and counts what it masks by field and kind."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._counts: Counter[Finding] = Counter()

    def items(self, items: Iterable[Accepted | Refusal]) -> Iterator[Accepted | Refusal]:
        """Yield records as they may be kept, or one refusal a field for what a policy rejects; refusals pass."""
        if not self._masker.policies:
            yield from items
            return
        for item in items:
            if isinstance(item, Refusal):
                yield item
            else:
                yield from self._masked(item)

    def corrections(self, corrections: Iterable[tuple[Mapping[str, Any], Any]]) -> list[tuple[Mapping[str, Any], Any]]:
        """Return the records of corrected predictions masked as today's policies say, each with its label.

        What is rejected today was kept when it was taken, and is masked.
        """
        policies = {path: "mask" if policy == "reject" else policy for path, policy in self._masker.policies.items()}
        masker = Masker(policies, self._masker.pseudonym, self._masker.text, self._masker.kinds)
        return [(masker.mask(values).record, label) for values, label in corrections]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how often each kind was masked in each field."""
        counts: dict[str, dict[str, int]] = {}
        for finding, count in sorted(self._counts.items(), key=lambda item: (item[0].field, item[0].kind)):
            counts.setdefault(finding.field, {})[finding.kind] = count
        return counts

    def _masked(self, item: Accepted) -> Iterator[Accepted | Refusal]:
        masked = self._masker.mask(item.record)
        if masked.rejected:
            first = {each.field: each for each in reversed(masked.rejected)}
            for each in reversed(first.values()):
                yield Refusal(item.line, each.field, refusal(each))
            return
        if masked.record is item.record:
            yield item
            return
        try:
            record = type(item.record).model_validate(masked.record.model_dump())
        except ValidationError as error:
            field = str(error.errors(include_url=False)[0]["loc"][0])
            yield Refusal(item.line, field, "does not fit its schema any more once what is personal in it is masked")
            return
        self._counts.update(masked.findings)
        yield Accepted(item.line, record)
