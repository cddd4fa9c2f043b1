import random

import pytest
import torch

from podion import LabelSpace
from podion.nn import Scores, States
from podion_sentiment_monitor.entity_figures import entity_figures
from podion_sentiment_monitor.heads import EntitySentimentHead, token_shares
from podion_sentiment_monitor.schema import EntityMentions

LABELS = LabelSpace(("negative", "neutral", "positive"))
COMPANIES = ["Acme", "Borealis", "Cumulus", "Delphi", "Everest", "招商银行", "平安保险", "中信证券"]
UP = ["surges", "beats forecast", "wins order", "大涨", "业绩超预期"]
DOWN = ["slumps", "misses forecast", "loses order", "大跌", "业绩不及预期"]
HIDDEN = 8


def headlines(count: int, seed: int = 0) -> list[EntityMentions]:
    """Two companies a headline, one doing well and one badly, in either order."""
    generator = random.Random(seed)
    made = []
    for _ in range(count):
        good, bad = generator.sample(COMPANIES, 2)
        halves = [f"{good} {generator.choice(UP)}", f"{bad} {generator.choice(DOWN)}"]
        generator.shuffle(halves)
        made.append(EntityMentions(text=" while ".join(halves), entities={good: "positive", bad: "negative"}))
    return made


def states(head: EntitySentimentHead, records: list[EntityMentions]) -> States:
    """States in which tokens are words and the base model knows nothing."""
    spans = []
    for record in records:
        start, own = 0, []
        for word in record.text.split(" "):
            own.append((start, start + len(word)))
            start += len(word) + 1
        spans.append(own)
    longest = max(map(len, spans))
    offsets = torch.tensor([own + [(0, 0)] * (longest - len(own)) for own in spans])
    generator = torch.Generator().manual_seed(0)
    return States(
        pooled=torch.randn(len(records), HIDDEN, generator=generator),
        tokens=torch.randn(len(records), longest, HIDDEN, generator=generator),
        mask=offsets[:, :, 1] > 0,
        offsets=offsets,
        features=head.features(records),
    )


def answers(head: EntitySentimentHead, records: list[EntityMentions], threshold: float | None = None) -> list:
    read = states(head, records)
    with torch.no_grad():
        logits = head(read)
    return head.decode(Scores(logits=logits, probabilities=logits.softmax(-1), threshold=threshold, states=read))


@pytest.fixture(scope="module")
def head() -> EntitySentimentHead:
    """What has learned from made-up headlines, as it is loaded to serve."""
    taught = EntitySentimentHead(HIDDEN, LABELS)
    taught.fit_features(headlines(300))
    loaded = EntitySentimentHead(HIDDEN, LABELS, **taught.options())
    loaded.load_state_dict(taught.state_dict())
    return loaded.eval()


def test_opposite_sentiments_in_one_text_go_to_the_right_company(head: EntitySentimentHead) -> None:
    text = "Acme surges while Borealis slumps"
    one, other = answers(head, [EntityMentions(text=text, entities=["Acme", "Borealis"])])[0].entities
    assert (one.entity, one.sentiment) == ("Acme", "positive")
    assert (other.entity, other.sentiment) == ("Borealis", "negative")
    turned = answers(head, [EntityMentions(text="Acme slumps while Borealis surges", entities=["Acme", "Borealis"])])
    assert [each.sentiment for each in turned[0].entities] == ["negative", "positive"]


def test_unseen_companies_and_both_languages_are_told_apart(head: EntitySentimentHead) -> None:
    records = [
        EntityMentions(text="Zenith misses forecast while Yonder wins order", entities=["Yonder", "Zenith"]),
        EntityMentions(text="贵州茅台 大涨 while 万科 大跌", entities=["贵州茅台", "万科"]),
    ]
    assert [[each.sentiment for each in answer.entities] for answer in answers(head, records)] == [
        ["positive", "negative"],
        ["positive", "negative"],
    ]


def test_conflicting_texts_are_measured_apart(head: EntitySentimentHead) -> None:
    records = headlines(60, seed=1)
    found = head.measure(answers(head, records), records)
    assert found["conflicting_accuracy"] > 0.9
    assert found["exact"] <= found["accuracy"]
    assert found["entities"] == 120


def test_an_entity_that_the_text_does_not_name_gets_no_sentiment(head: EntitySentimentHead) -> None:
    [answer] = answers(head, [EntityMentions(text="Acme surges", entities=["Delphi", "Acme"])])
    assert (answer.entities[0].sentiment, answer.entities[0].confidence, answer.entities[0].mentions) == ("", 0.0, ())
    assert answer.entities[1].sentiment == "positive"
    assert answer.abstained


def test_mentions_are_where_the_name_stands_and_names_come_back_as_asked(head: EntitySentimentHead) -> None:
    text = "ACME surges 🚀 while 招商银行 slumps; Acme waits"
    one, other = answers(head, [EntityMentions(text=text, entities=["Acme", "招商银行"])])[0].entities
    assert [text[start:end] for start, end in one.mentions] == ["ACME", "Acme"]
    assert [text[start:end] for start, end in other.mentions] == ["招商银行"]
    assert (one.entity, other.entity) == ("Acme", "招商银行")


def test_texts_without_entities_and_beside_longer_ones_answer_for_themselves(head: EntitySentimentHead) -> None:
    records = [EntityMentions(text="nothing is named"), *headlines(3)]
    together = answers(head, records)
    assert together[0].entities == ()
    assert not together[0].abstained
    alone = answers(head, records[:1])[0]
    assert alone == together[0]
    assert [len(answer.entities) for answer in together] == [0, 2, 2, 2]


def test_below_the_threshold_the_answer_abstains(head: EntitySentimentHead) -> None:
    [answer] = answers(head, headlines(1), threshold=0.0)
    assert not answer.abstained
    [answer] = answers(head, headlines(1), threshold=1.0)
    assert answer.abstained
    assert answer.confidence == min(each.confidence for each in answer.entities)


def test_the_loss_is_of_entities_with_a_sentiment_alone(head: EntitySentimentHead) -> None:
    told = EntityMentions(text="Acme surges while Delphi waits", entities={"Acme": "positive"})
    half = EntityMentions(
        text=told.text, entities=["Acme", "Delphi"], label=[{"entity": "Acme", "sentiment": "positive"}]
    )
    with torch.no_grad():
        losses = [float(head.loss(head(states(head, [record])), [record])) for record in (told, half)]
    nobody = EntityMentions(text=told.text, entities=["Acme"])
    assert losses[0] > 0
    assert losses[1] == pytest.approx(losses[0], abs=0.2)  # the other company stands in the words around
    assert float(head.loss(head(states(head, [nobody])), [nobody]).detach()) == 0


def test_training_sees_what_words_say_without_the_text_itself() -> None:
    taught = EntitySentimentHead(HIDDEN, LABELS)
    records = headlines(80)
    taught.fit_features(records)
    both = [*records, *headlines(10, seed=1)]
    seen, served = taught.training_features(both, len(records)), taught.features(both)
    assert torch.equal(seen["mentions"], served["mentions"])
    assert torch.equal(seen["said"][80:], served["said"][80:])
    assert not torch.equal(seen["said"][:80], served["said"][:80])


def test_shares_are_of_the_tokens_of_mentions_and_of_those_near_on_each_side() -> None:
    offsets = torch.tensor([[[0, 2], [3, 5], [6, 8], [9, 11], [0, 0]]])
    mask = torch.tensor([[True, True, True, True, False]])
    mentions = torch.tensor([[[[3, 5]], [[-1, -1]]]])
    before, inside, behind = token_shares(mentions, offsets, mask)
    assert inside[0, 0].tolist() == [0, 1, 0, 0, 0]
    assert before[0, 0].tolist() == [1, 0, 0, 0, 0]
    assert behind[0, 0, 2] > behind[0, 0, 3] > 0
    assert float(behind[0, 0].sum()) == pytest.approx(1)
    assert not any(part[0, 1].any() for part in (before, inside, behind))


def test_figures_count_entities_and_texts() -> None:
    texts = [[("a", "a"), ("b", "a")], [("a", "a")], []]
    found = entity_figures(texts)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["exact"] == 0.5
    assert found["conflicting_accuracy"] == 0.5
    assert found["macro_f1"] == pytest.approx((0.8 + 0) / 2)
    assert entity_figures([[]]) == {}
