"""The head that ranks a catalogue: exact, never short, never what was seen, and of new items by their texts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from podion import DataError, LabelSpace, RankingAnswer
from podion.nn import Scores, States
from podion_recommender.challengers import AlternatingLeastSquares, ItemCosine, Popularity, SequenceCosine
from podion_recommender.heads.choosing import FLOOR
from podion_recommender.heads.neighbours import Counting, followers, nearest, nearness
from podion_recommender.heads.next_item import NextItemHead
from podion_recommender.past import VisitHistory
from podion_recommender.schema import FreshItem, Item, Step, Visit
from podion_recommender.vectors import vector_of, vector_text

HIDDEN, ITEMS = 16, 30
NAMES = tuple(f"i{number:02}" for number in range(ITEMS))


def visits(users: int = 60, steps: int = 5) -> list[Visit]:
    """Everybody goes round the items in one order, from a place of their own."""
    taken = [
        Visit(user_id=f"u{user}", item_id=NAMES[(user * 7 + at) % ITEMS], timestamp=at)
        for user in range(users)
        for at in range(steps)
    ]
    return VisitHistory().follow(taken)


def head(records: Sequence[Visit]) -> NextItemHead:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        made = NextItemHead(HIDDEN, LabelSpace(NAMES, "item_id"))
    made.fit_features(records)
    return made.eval()


def asked(*past: str, **more: Any) -> Visit:
    steps = tuple(Step(item_id=item, at=at) for at, item in enumerate(past))
    return Visit(user_id="x", timestamp=len(past), past=steps, **more)


def states_of(made: NextItemHead, records: Sequence[Visit]) -> States:
    nothing = torch.zeros(len(records), HIDDEN)
    return States(
        pooled=nothing,
        tokens=torch.zeros(len(records), 0, HIDDEN),
        mask=torch.zeros(len(records), 0, dtype=torch.bool),
        offsets=torch.zeros(len(records), 0, 2, dtype=torch.long),
        features=made.features(records),
    )


def answers(made: NextItemHead, records: Sequence[Visit], threshold: float | None = None) -> list[RankingAnswer]:
    with torch.inference_mode():
        states = states_of(made, records)
        users = made(states)
        return made.decode(Scores(logits=users, probabilities=users, threshold=threshold, states=states))


def ids(answer: RankingAnswer) -> list[str]:
    return [item.item_id for item in answer.items]


def test_pairs_are_counted_in_order_and_by_distance() -> None:
    counting = Counting(fall=1.0, back=0.5, source=0.0, target=0.0)
    found = followers([np.array([0, 1, 2])], 4, counting).toarray()
    assert found == pytest.approx(np.array([[0, 1, 0.5, 0], [0.5, 0, 1, 0], [0.25, 0.5, 0, 0], [0, 0, 0, 0]]))
    often = [np.array([0, 1]), np.array([2, 1]), np.array([2, 3])]
    divided = followers(often, 4, replace(counting, back=0.0, source=1.0, target=1.0)).toarray()
    assert divided[2, 3] / divided[0, 1] == pytest.approx((1 / 2) / (1 / 2))
    assert divided[2, 1] / divided[0, 1] == pytest.approx(0.5), "item 2 occurs twice as often"


def test_the_nearest_are_kept_and_asked_with_the_latest_weighing_most() -> None:
    sequences = [np.array([0, 1, 2, 3]), np.array([0, 2])]
    whole = followers(sequences, 4, Counting())
    kept = nearest(whole, 1)
    assert kept.items.tolist()[:1] == [int(whole.toarray()[0].argmax())]
    near = nearness(whole, np.array([[3, 0, -1], [-1, -1, -1]]), 0.5)
    assert near[0] == pytest.approx(whole.toarray()[3] + 0.5 * whole.toarray()[0])
    assert not near[1].any(), "who has no past is near to nothing"
    assert nearest(whole, 10).matrix().toarray() == pytest.approx(whole.toarray(), rel=1e-3)


def test_a_ranking_is_the_exact_order_of_model_and_pairs() -> None:
    made = head(visits())
    record = asked("i04", "i05", count=ITEMS)
    (answer,) = answers(made, [record])
    with torch.no_grad():
        user = made(states_of(made, [record]))[0]
        model = torch.log_softmax(made.items @ user + made.bias, dim=0).numpy()
    pairs = nearest(followers(made._taken, ITEMS, made.counting), ITEMS).matrix()
    near = nearness(pairs, np.array([[5, 4]]), made.counting.recency)[0]
    scores = model + made.weight * np.log(near / near.max() + FLOOR)
    expected = [NAMES[place] for place in np.argsort(-scores) if place not in (4, 5)]
    assert ids(answer) == expected
    assert [item.score for item in answer.items] == pytest.approx(
        [scores[NAMES.index(name)] for name in expected], abs=1e-3
    )
    sources = {item.item_id: item.source for item in answer.items}
    assert sources["i06"] == "followed"
    assert sources["i20"] == "sequence"


@pytest.mark.parametrize("count", [1, 7, ITEMS, 500])
def test_what_was_seen_or_excluded_never_comes_and_lists_are_never_short(count: int) -> None:
    made = head(visits())
    records = [asked("i01", "i02", "strange", exclude=("i03", "unknown"), count=count), asked(count=count)]
    first, second = answers(made, records)
    assert not {"i01", "i02", "i03"} & {*ids(first)}
    assert len(first.items) == min(count, ITEMS - 3)
    assert len(set(ids(first))) == len(first.items)
    assert len(second.items) == min(count, ITEMS)
    for record, found in zip(records, (first, second), strict=True):
        (alone,) = answers(made, [record])
        assert ids(alone) == ids(found), "alone as among others"
        assert alone.confidence == pytest.approx(found.confidence, abs=1e-5)


def test_everything_seen_leaves_an_empty_ranking() -> None:
    (answer,) = answers(head(visits()), [asked(*NAMES)])
    assert answer.items == ()
    assert answer.confidence == 0.0


def test_new_items_are_ranked_by_their_texts_among_the_others() -> None:
    made, generator = _texted(), torch.Generator().manual_seed(5)
    liked = torch.zeros(HIDDEN)
    liked[0] = 1.0
    fresh = tuple(
        FreshItem(
            item_id=name, vector=vector_text((sign * liked + 0.01 * torch.randn(HIDDEN, generator=generator)).numpy())
        )
        for name, sign in (("new-like-even", 1.0), ("new-like-odd", -1.0), ("i02", 1.0), ("hidden", 1.0))
    )
    record = asked("i00", "i04", "i08", fresh=fresh, exclude=("hidden",), count=200)
    (answer,) = answers(made, [record])
    assert {"new-like-even", "new-like-odd"} <= {*ids(answer)}
    assert "hidden" not in ids(answer)
    assert ids(answer).count("i02") == 1, "what the adapter knows is scored as what it knows"
    assert ids(answer).index("new-like-even") < ids(answer).index("new-like-odd")
    assert [item.source for item in answer.items if item.item_id.startswith("new")] == ["text", "text"]
    assert [item.score for item in answer.items] == sorted((item.score for item in answer.items), reverse=True)
    with pytest.raises(DataError, match="16"):
        made.features([asked(fresh=(FreshItem(item_id="n", vector=vector_text(np.zeros(3))),))])


def _texted() -> NextItemHead:
    """A head that learned that who takes even items takes even ones, and that texts tell them from odd ones."""
    rows = [
        Visit(user_id=f"u{user}", item_id=NAMES[2 * ((user * 3 + at * 5) % 15) + user % 2], timestamp=at)
        for user in range(60)
        for at in range(5)
    ]
    records = VisitHistory().follow(rows)
    vectors = 0.1 * torch.randn(ITEMS, HIDDEN, generator=torch.Generator().manual_seed(1))
    vectors[:, 0] = torch.tensor([1.0 if place % 2 == 0 else -1.0 for place in range(ITEMS)])
    items = [Item.model_validate({"id": name, "title": name, "created_at": "2024-01-01T00:00:00Z"}) for name in NAMES]
    with torch.random.fork_rng():
        torch.manual_seed(3)
        made = NextItemHead(HIDDEN, LabelSpace(NAMES, "item_id"))
        made.fit_items(items, torch.nn.functional.normalize(vectors, dim=1))
        made.fit_features(records)
        _learn(made, records, steps=60)
    return made.eval()


def _learn(made: NextItemHead, records: Sequence[Visit], steps: int) -> None:
    made.train()
    states = states_of(made, records)
    for _ in range(steps):
        made.zero_grad()
        made.loss(made(states), records).backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.add_(parameter.grad, alpha=-0.5)


def test_visits_that_did_not_teach_choose_the_weight_and_make_shares_believable() -> None:
    records = visits(users=90, steps=6)
    last = [place for place, record in enumerate(records) if record.timestamp == 5]
    kept, taken = [r for r in records if r.timestamp < 5], [records[place] for place in last]
    made = head(kept)
    with torch.no_grad():
        made.settle(states_of(made, taken), taken)
    assert made.weight > 0, "an untrained model knows nothing that pairs do not know better"
    told = answers(made, taken)
    hits = np.mean([record.item_id in ids(answer)[:10] for answer, record in zip(told, taken, strict=True)])
    assert hits > 0.95
    assert np.mean([answer.confidence for answer in told]) == pytest.approx(hits, abs=0.1)
    again = NextItemHead(HIDDEN, LabelSpace(NAMES, "item_id"), **made.options())
    again.load_state_dict(made.state_dict())
    assert answers(again.eval(), taken) == told


def test_a_threshold_above_the_confidence_abstains() -> None:
    (sure,) = answers(head(visits()), [asked("i01")], threshold=0.0)
    assert not sure.abstained
    (unsure,) = answers(head(visits()), [asked("i01")], threshold=1.01)
    assert unsure.abstained
    assert unsure.items == sure.items


def test_features_of_an_earlier_call_are_refused() -> None:
    made = head(visits())
    states = states_of(made, [asked("i01")])
    made.features([asked("i02")])
    with pytest.raises(ValueError, match="last call"):
        made.decode(Scores(logits=made(states), probabilities=made(states), threshold=None, states=states))


@pytest.mark.parametrize("kind", [Popularity, ItemCosine, SequenceCosine, AlternatingLeastSquares])
def test_rivals_rank_what_was_not_seen_and_those_that_know_order_find_the_next(kind: Any) -> None:
    records = visits(users=90, steps=6)
    kept = [record for record in records if record.timestamp < 5]
    taken = [record for record in records if record.timestamp == 5]
    rival = kind(LabelSpace(NAMES, "item_id"), 0)
    rival.grid = lambda grid=rival.grid: list(grid())[:2]
    rival.fit(kept, taken)
    told = rival.rankings([record.model_copy(update={"item_id": None}) for record in taken])
    for answer, record in zip(told, taken, strict=True):
        assert not {step.item_id for step in record.past or ()} & {*ids(answer)}
        assert len(answer.items) == ITEMS - 5
    hits = np.mean([ids(answer)[0] == record.item_id for answer, record in zip(told, taken, strict=True)])
    assert hits > 0.9 if kind is SequenceCosine else hits < 0.9
    assert kind.name in rival.text()


def test_vectors_keep_three_digits_and_strange_ones_are_refused() -> None:
    vector = np.linspace(-1, 1, 32)
    assert vector_of(vector_text(vector), 32) == pytest.approx(vector, abs=1e-3)
    for text in ("%%%", vector_text(np.array([np.inf] * 32)), "AAA="):
        with pytest.raises(DataError):
            vector_of(text, 32)
