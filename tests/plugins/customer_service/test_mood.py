"""Patience that ends: what the model is sure of, signs that add up, and how often the shipped detector is right."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from podion.finetuning.prototypes import label_prototypes, phrasings, zero_shot
from podion.hosting.bases import find_base
from podion.hosting.encoder import Encoder
from podion.settings import Settings
from podion_customer_service.config import ServiceSettings
from podion_customer_service.mood import LEANING, Said, mood_of
from podion_customer_service.tasks import mood

SURE, PATIENCE = ServiceSettings().mood_sure, ServiceSettings().patience


def test_a_message_that_is_surely_upset_turns_the_mood() -> None:
    assert mood_of([Said(text="great job", upset=SURE)], SURE).turned(PATIENCE)
    assert not mood_of([Said(text="great job", upset=SURE - 0.01)], SURE).turned(PATIENCE)
    assert not mood_of([Said(text="what a scam")], SURE).turned(PATIENCE)


def test_a_strong_word_bears_out_what_the_model_leans_to() -> None:
    assert mood_of([Said(text="what a scam", upset=LEANING)], SURE).turned(PATIENCE)
    assert not mood_of([Said(text="what a scam", upset=LEANING - 0.01)], SURE).turned(PATIENCE)


def test_small_signs_add_up_over_messages() -> None:
    leaning = [Said(text="where is it", upset=LEANING)] * 3
    assert not mood_of(leaning[:2], SURE).turned(PATIENCE)
    assert mood_of(leaning, SURE).turned(PATIENCE)


def test_old_anger_fades() -> None:
    after = [Said(text="well", upset=0.9), Said(text="ok", upset=0.1), Said(text="and the invoice?", upset=0.1)]
    assert mood_of(after, SURE).weight < mood_of(after[:1], SURE).weight
    assert not mood_of(after, SURE).turned(PATIENCE)


def test_it_says_which_signs_weighed() -> None:
    assert mood_of([Said(text="what a scam, useless", upset=0.934)], SURE).signs == ("upset at 0.93", "scam", "useless")
    assert mood_of([], SURE).weight == 0


def test_what_judges_the_detector_was_not_shown_to_it() -> None:
    shown = {text for several in mood.descriptions.values() for text in several}
    assert not shown & {row["text"] for row in _judging()}


class Detector:
    """The mood as a new tenant has it read, on the default base."""

    def __init__(self) -> None:
        bases = Settings().bases
        self.encoder = Encoder.load(find_base("me5-small", bases), device="cpu", threads=1)
        forms = [self.vectors(several) for several in phrasings(mood.label_space(()))]
        self.tensors = zero_shot(label_prototypes(forms))

    def vectors(self, texts: list[str]) -> np.ndarray:
        pooled = self.encoder.states(self.encoder.tokenise(texts)).pooled.numpy()
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)

    def turned(self, texts: list[str]) -> list[bool]:
        logits = self.vectors(texts) @ self.tensors["linear.weight"].T + self.tensors["linear.bias"]
        upset = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
        return [
            mood_of([Said(text=text, upset=float(share))], SURE).turned(PATIENCE)
            for text, share in zip(texts, upset, strict=True)
        ]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


@pytest.mark.parametrize(("language", "found"), [("en", 10), ("zh", 8)])
def test_it_finds_some_half_of_what_it_never_saw(detector: Detector, language: str, found: int) -> None:
    rows = [row for row in _judging() if row["language"] == language]
    turned = dict(zip((row["text"] for row in rows), detector.turned([row["text"] for row in rows]), strict=True))
    assert sum(turned[row["text"]] for row in rows if row["mood"] == "upset") >= found
    assert sum(turned[row["text"]] for row in rows if row["mood"] == "calm") <= 1


def test_the_shipped_questions_are_calm(detector: Detector) -> None:
    """Of what customers ask, complaints aside, at most one in fifty is taken for anger."""
    lines = files("podion_customer_service").joinpath("sample.jsonl").read_text("utf-8").splitlines()
    calm = [row["text"] for row in map(json.loads, lines) if row["label"] not in ("complaint_service", "talk_to_human")]
    angry = [text for text, turned in zip(calm, detector.turned(calm), strict=True) if turned]
    assert len(angry) <= len(calm) / 50, angry


def _judging() -> list[dict[str, str]]:
    return [json.loads(line) for line in Path(__file__).with_name("moods.jsonl").read_text("utf-8").splitlines()]
