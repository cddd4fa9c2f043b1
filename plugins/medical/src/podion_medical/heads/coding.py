"""The head that codes a note: one look at the text for every code, and what it saw as evidence."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from podion import Alternative, DataError
from podion.nn import Head, LabelSpace, Scores, States
from podion_medical.code_evidence import stretches
from podion_medical.code_metrics import coding_metrics
from podion_medical.hierarchy import category_of
from podion_medical.schema import CodedNote, CodeEvidence, CodesAnswer

LEAST_NOTES = 5
"""A code that fewer training notes have is answered by its category."""

MOST_NAMED = 8
"""Codes in an answer, those below their thresholds included: coders look at the first eight."""

_KEYS = 128


class CodingHead(Head[CodedNote, CodesAnswer]):
    """Any number of codes a note, each by its own attention over the tokens, [rows, codes].

    Label-wise attention after Mullenbach et al., Explainable Prediction of Medical Codes from Clinical Text (NAACL
    2018, arXiv 1802.05695). Codes that fewer than `LEAST_NOTES` training notes have share one attention a category:
    what they have in common is learned together, each is as probable as its category times its share of the category's
    notes, and the category is what is answered. `system` and `version` are those of the notes that taught, `counts` how
    many of them have each code.
    """

    link: ClassVar[Literal["softmax", "sigmoid", "identity"]] = "sigmoid"
    reads_tokens = True

    def __init__(
        self,
        hidden_size: int,
        label_space: LabelSpace,
        *,
        system: str = "ICD-10",
        version: str = "",
        counts: Sequence[int] | None = None,
    ) -> None:
        super().__init__(hidden_size, label_space)
        self.code_share: Tensor
        self.look_of: Tensor
        self.name_of: Tensor
        codes = len(label_space)
        self.keys = nn.Linear(hidden_size, _KEYS)
        self.looks = nn.Linear(_KEYS, codes, bias=False)
        self.weight = nn.Parameter(torch.zeros(codes, hidden_size))
        self.bias = nn.Parameter(torch.zeros(codes))
        self._take(system, version, list(counts) if counts is not None else [LEAST_NOTES] * codes)

    def fit_features(self, records: Sequence[CodedNote]) -> None:
        """Learn the code system and how often each code stands in the notes that were coded.

        Raises `DataError` (code `mixed_systems`) for notes of several systems or versions: their codes differ in
        meaning.
        """
        coded = [record for record in records if record.label is not None]
        systems = sorted({(record.system, record.system_version) for record in coded})
        if len(systems) > 1:
            named = ", ".join(f"{system} {version}".strip() for system, version in systems[:5])
            raise DataError(
                f"the notes are coded by several code systems ({named}); an adapter learns one: train one for each",
                code="mixed_systems",
            )
        held = Counter(code for record in coded for code in set(record.label or ()))
        system, version = systems[0] if systems else (self.system, self.version)
        self._take(system, version, [held[code] for code in self.label_space.labels])
        notes = torch.zeros(len(self.label_space)).index_add(0, self.look_of.cpu(), torch.tensor(self.counts).float())
        with torch.no_grad():  # a code starts as probable as it is frequent
            self.bias.copy_(torch.logit(((notes + 0.5) / (len(coded) + 1)).clamp(max=0.9)))

    def options(self) -> dict[str, Any]:
        """Return the code system and how many notes have each code."""
        return {"system": self.system, "version": self.version, "counts": self.counts}

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, codes]; a row without tokens has the bias alone."""
        attention = self._attention(states, self.looks.weight[self.look_of])
        seen = attention @ states.tokens
        weight = self.weight[self.look_of]
        logits = (seen * weight).sum(dim=-1) + self.bias[self.look_of]
        return _times(logits, self.code_share)

    def loss(self, logits: Tensor, records: Sequence[CodedNote]) -> Tensor:
        """Return the binary cross entropy of the coded notes, summed over codes; 0 where none is coded."""
        coded = [row for row, record in enumerate(records) if record.label is not None]
        if not coded:
            return logits.sum() * 0.0  # the mean over nothing would be NaN
        places = {code: place for place, code in enumerate(self.label_space.labels)}
        targets = torch.zeros(len(coded), len(places), device=logits.device)
        for row, place in enumerate(coded):
            targets[row, [places[code] for code in records[place].label or () if code in places]] = 1.0
        return functional.binary_cross_entropy_with_logits(logits[coded], targets, reduction="sum") / len(coded)

    def decode(self, scores: Scores) -> list[CodesAnswer]:
        """Return the codes that reach their thresholds with the stretches that speak for them, and the nearest below.

        A category is as probable as its rare codes together, and its threshold is the highest of theirs. The confidence
        is the probability that every decision is right, each taken for itself.
        """
        bars = torch.full_like(scores.probabilities[0], 0.5) if scores.thresholds is None else scores.thresholds
        given = scores.probabilities.detach()
        shares = given.new_zeros(len(given), len(self._names)).index_add(1, self.name_of, given).clamp(max=1.0)
        least = shares.new_tensor(
            [max(bars[self.name_of == name].tolist()) for name in range(len(self._names))], dtype=torch.float32
        )
        held = shares >= least
        sure = torch.where(held, shares, 1 - shares).double().log().sum(dim=-1).exp().tolist()
        return [
            self._answer(shares[row], held[row], sure[row], self._evidence(scores.states, row, held[row]), scores)
            for row in range(len(shares))
        ]

    def measure(self, answers: Sequence[CodesAnswer], records: Sequence[CodedNote]) -> dict[str, float]:
        """Return what coders ask for, see `podion_medical.code_metrics.coding_metrics`."""
        counts = dict(zip(self.label_space.labels, self.counts, strict=True))
        return coding_metrics(answers, records, counts, LEAST_NOTES, self.system)

    def _take(self, system: str, version: str, counts: list[int]) -> None:
        """Hold what was learned of the codes: names answered, the attention each code shares, its share of it."""
        self.system, self.version, self.counts = system, version, counts
        names: dict[str, int] = {}
        first: dict[str, int] = {}
        together: Counter[str] = Counter()
        answered: list[str] = []
        for place, (code, count) in enumerate(zip(self.label_space.labels, counts, strict=True)):
            name = code if count >= LEAST_NOTES else category_of(code, system)
            key = name if count < LEAST_NOTES else f"\0{code}"  # a frequent code never shares with its category's rare
            names.setdefault(name, len(names))
            first.setdefault(key, place)
            together[key] += count
            answered.append(key)
        shared = [
            (count + 0.5) / (together[key] + 0.5 * answered.count(key)) if count < LEAST_NOTES else 1.0
            for key, count in zip(answered, counts, strict=True)
        ]
        self._names = tuple(names)
        buffers = {
            "code_share": shared,
            "look_of": [first[key] for key in answered],
            "name_of": [names[key.removeprefix("\0")] for key in answered],
        }
        for name, values in buffers.items():  # what follows from the options need not be saved
            self.register_buffer(name, torch.tensor(values, device=self.bias.device), persistent=False)

    def _attention(self, states: States, looks: Tensor) -> Tensor:
        """Return how much each look sees of each token, [rows, looks, length]; zeros for a row without tokens."""
        scores = torch.tanh(self.keys(states.tokens)) @ looks.T
        scores = scores.transpose(1, 2).masked_fill(~states.mask.unsqueeze(1), torch.finfo(scores.dtype).min)
        if not scores.shape[-1]:
            return scores
        return torch.softmax(scores, dim=-1) * states.mask.unsqueeze(1)

    def _evidence(self, states: States, row: int, held: Tensor) -> list[CodeEvidence]:
        """Return the stretches of a row that speak for the names that it holds."""
        places = torch.nonzero(states.mask[row]).flatten()
        if not len(places):
            return []
        offsets = [(start, end) for start, end in states.offsets[row, places].tolist()]
        alone = slice(row, row + 1)
        one = replace(states, tokens=states.tokens[alone], mask=states.mask[alone])
        found = []
        for name in torch.nonzero(held).flatten().tolist():
            look = int(self.look_of[int(torch.nonzero(self.name_of == name)[0])])
            seen = self._attention(one, self.looks.weight[look : look + 1])[0, 0, places]
            said = seen * (states.tokens[row, places] @ self.weight[look])
            found += [
                CodeEvidence(code=self._names[name], start=start, end=end, weight=min(1.0, weight))
                for start, end, weight in stretches(said.tolist(), offsets)
            ]
        return found

    def _answer(
        self, shares: Tensor, held: Tensor, sure: float, evidence: list[CodeEvidence], scores: Scores
    ) -> CodesAnswer:
        ranked = shares.argsort(descending=True, stable=True).tolist()
        named = [Alternative(label=self._names[place], confidence=float(shares[place])) for place in ranked]
        kept = [held[place].item() for place in ranked]
        labels = [one for one, is_held in zip(named, kept, strict=True) if is_held]
        others = [one for one, is_held in zip(named, kept, strict=True) if not is_held]
        confidence = min(1.0, max(0.0, sure))
        return CodesAnswer(
            labels=tuple(labels),
            alternatives=tuple(others[: max(0, MOST_NAMED - len(labels))]),
            confidence=confidence,
            abstained=scores.threshold is not None and confidence < scores.threshold,
            system=self.system,
            system_version=self.version,
            evidence=tuple(sorted(evidence, key=lambda one: [x.label for x in labels].index(one.code))),
        )


def _times(logits: Tensor, shares: Tensor) -> Tensor:
    """Return the log-odds of probabilities, given by their log-odds, times a share each."""
    within = functional.logsigmoid(logits) + shares.log()
    scaled = within - torch.log1p(-within.exp().clamp(max=1 - 1e-6))
    return torch.where(shares == 1.0, logits, scaled)
