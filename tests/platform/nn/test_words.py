import random
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from podion.nn import WordScores
from podion.nn.word_choice import MOST_WEIGHTS, choose_words
from podion.nn.word_counts import Vocabulary, word_rows, word_sums
from podion.nn.word_linear import WordedRows, fit_worded
from podion.nn.word_sequences import MOST_CHARACTERS, sequences_in

KNOWN = [-7110422557325285419, -6596910745688544499, -6314696981902886486]
GOOD, BAD = (
    ["profit rose", "净利润增长", "beats forecast", "上调评级"],
    ["loss widened", "净利润下滑", "misses forecast", "下调评级"],
)


def remarks(count: int, seed: int = 0) -> tuple[list[str], list[int]]:
    generator = random.Random(seed)
    made = [
        (generator.choice(GOOD), 1) if generator.random() < 0.5 else (generator.choice(BAD), 0) for _ in range(count)
    ]
    return [f"{generator.choice('ABCDEFG甲乙丙')} {text} {generator.randint(1, 99)}" for text, _ in made], [
        label for _, label in made
    ]


def keys(text: str) -> set[int]:
    return set(sequences_in([text]).keys.tolist())


def test_case_and_width_do_not_count_and_order_does() -> None:
    assert keys("Net PROFIT rose") == keys("net profit rose") == keys("ｎｅｔ　ｐｒｏｆｉｔ　ｒｏｓｅ")
    assert keys("profit rose") != keys("rose profit")
    assert keys("profit rose") & keys("rose profit")


def test_every_word_pair_and_short_sequence_is_found_once_for_each_time() -> None:
    found = sequences_in(["ab ab"])
    # words: ab, ab; pair: ab ab; of " ab " twice: " a", "ab", "b ", " ab", "ab ", " ab "
    assert len(found.keys) == 2 + 1 + 2 * 6
    assert len(set(found.keys.tolist())) == 1 + 1 + 6


def test_chinese_needs_no_spaces() -> None:
    assert keys("净利润") <= keys("净利润增长") | keys("净利润")
    shared = keys("公司净利润增长") & keys("净利润下滑")
    assert len(shared) > 5


@given(st.lists(st.text(max_size=60), max_size=5))
@settings(deadline=None, max_examples=60)
def test_any_texts_are_read_each_as_if_alone(texts: list[str]) -> None:
    together = sequences_in(texts)
    for row, text in enumerate(texts):
        alone = sequences_in([text])
        assert sorted(together.keys[together.rows == row].tolist()) == sorted(alone.keys.tolist())


def test_only_the_beginning_of_a_huge_text_is_read() -> None:
    huge = "ﷺ涨" * 500_000
    started = time.perf_counter()
    assert len(sequences_in([huge]).keys) < 8 * MOST_CHARACTERS
    assert time.perf_counter() - started < 1


def test_keys_are_the_same_on_every_machine_and_in_every_version() -> None:
    assert sorted(sequences_in(["净 a5%"]).keys.tolist())[:3] == KNOWN


def test_words_that_stand_in_one_text_alone_do_not_count() -> None:
    vocabulary = choose_words(["profit rose", "profit fell", "unheard"], 2, seed=0)
    assert set(vocabulary.keys.tolist()) == keys("profit rose") & keys("profit fell")
    assert (np.diff(vocabulary.keys) > 0).all()
    assert word_rows(["unheard", ""], vocabulary).nnz == 0


def test_the_more_labels_the_fewer_words() -> None:
    texts = [f"word{number} text{number % 7}" for number in range(400)] * 2
    assert len(choose_words(texts, MOST_WEIGHTS // 100, seed=0)) == 100


def test_rows_have_length_one_and_rare_words_weigh_more() -> None:
    vocabulary = choose_words([*(["common"] * 8), "common rare", "common rare"], 2, seed=0)
    rows = word_rows(["common rare rare"], vocabulary).toarray()
    assert np.linalg.norm(rows) == pytest.approx(1)
    [common], [rare] = (np.flatnonzero(vocabulary.keys == sequences_in([word]).keys[0]) for word in ("common", "rare"))
    assert rows[0, rare] > rows[0, common] > 0


def test_sums_are_those_of_the_matrix() -> None:
    texts, _ = remarks(40)
    vocabulary = choose_words(texts, 3, seed=0)
    weight = np.random.default_rng(0).normal(size=(len(vocabulary), 3)).astype(np.float32)
    asked = ["", *texts[:5], "unheard 龘", *texts[5:9], ""]
    assert np.allclose(word_sums(asked, vocabulary, weight), word_rows(asked, vocabulary) @ weight, atol=1e-5)


def test_a_fit_is_where_the_penalised_loss_has_no_slope() -> None:
    generator = np.random.default_rng(0)
    texts, targets = remarks(60)
    words = word_rows(texts, choose_words(texts, 2, seed=0))
    rows = WordedRows(generator.normal(size=(60, 3)).astype(np.float32), words, np.array(targets), 2)
    made = fit_worded(rows, (0.5, 0.5))
    logits = made.logits(rows)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    error = shares - np.eye(2)[targets]
    assert np.abs(error.T @ rows.vectors + 0.5 * made.vectors).max() < 0.02
    assert np.abs(words.T @ error + 0.5 * made.words).max() < 0.02
    assert np.abs(error.sum(axis=0)).max() < 0.02


def test_rows_of_no_label_teach_to_be_unsure() -> None:
    texts, targets = remarks(60)
    strange = ["lunch was fine today"] * 20
    words = word_rows([*texts, *strange], choose_words([*texts, *strange], 2, seed=0))
    empty = np.zeros((80, 0), np.float32)
    gaps = []
    for told in (1, -1):
        rows = WordedRows(empty, words, np.array([*targets, *([told] * 20)]), 2)
        gaps.append(float(np.abs(np.diff(fit_worded(rows, (0.3, 0.3)).logits(rows)[60:])).max()))
    assert gaps[1] < 0.3 < gaps[0]


def test_words_in_both_languages_are_learned_and_told_honestly() -> None:
    texts, targets = remarks(200)
    scores = WordScores(2)
    honest = scores.fit(texts, targets, groups=texts)
    others, truth = remarks(60, seed=1)
    assert (scores(others).argmax(-1).numpy() == truth).mean() > 0.95
    own = scores(texts)
    right = torch.tensor(targets)
    loss = torch.nn.functional.cross_entropy
    assert float(loss(honest, right)) > float(loss(own, right))  # else it would be of the texts that taught


def test_labels_by_chance_are_not_told_apart_honestly() -> None:
    generator = random.Random(0)
    texts = [f"text number {number} of many" for number in range(120)]
    targets = [generator.randint(0, 1) for _ in texts]
    honest = WordScores(2).fit(texts, targets)
    assert (honest.argmax(-1).numpy() == targets).mean() < 0.65


def test_a_fit_is_the_same_twice_and_its_state_builds_it_again() -> None:
    texts, targets = remarks(80)
    first, second = WordScores(2), WordScores(2)
    assert torch.equal(first.fit(texts, targets), second.fit(texts, targets))
    assert torch.equal(first.weight, second.weight)
    loaded = WordScores(2, first.words)
    loaded.load_state_dict(first.state_dict())
    assert torch.equal(loaded(texts), first(texts))


def test_an_untaught_layer_says_nothing() -> None:
    assert torch.equal(WordScores(3)(["anything", ""]), torch.zeros(2, 3))
    assert word_rows(["a"], Vocabulary(np.zeros(0, np.int64), np.zeros(0, np.float32))).shape == (1, 0)


def test_a_text_is_read_in_little_time() -> None:
    texts, targets = remarks(300)
    scores = WordScores(2)
    scores.fit(texts, targets)
    scores(texts)
    begin = time.process_time()
    scores(texts)
    assert (time.process_time() - begin) / len(texts) < 0.0003
