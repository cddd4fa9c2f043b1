"""What the heads say of texts: every task in one pass, and each watched entity with a sentiment of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from podion import NotFound, Prediction, TenantCaller
from podion_sentiment_monitor.articles import Reading, TopicFound, TowardsEntity
from podion_sentiment_monitor.config import MonitorSettings, settings_of
from podion_sentiment_monitor.entities import KeptWatchList, Mention, Spotter, by_entity
from podion_sentiment_monitor.schema import EntityMentions, IntensityRecord, ToneRecord, TopicRecord
from podion_sentiment_monitor.tasks import entity_sentiment, intensity, sentiment, topic

WATCH_LIST = "watch-list"

Named = Mapping[str, Sequence[Mention]]


async def spotter_of(caller: TenantCaller) -> Spotter:
    """Return what finds the tenant's watched entities."""
    try:
        kept = await caller.store.get(KeptWatchList, WATCH_LIST)
    except NotFound:
        kept = KeptWatchList()
    return Spotter(kept.entities)


@dataclass(frozen=True, slots=True)
class _Answers:
    """One task's answers by text, and the version that gave them."""

    task: str
    adapter: str
    by_text: Mapping[str, Any]

    def of(self, text: str) -> Any:
        return self.by_text.get(text)


async def read(caller: TenantCaller, texts: Sequence[str], spotter: Spotter) -> list[Reading]:
    """Return a reading of each text; equal texts are asked of once. What is untrained is absent."""
    if not texts:
        return []
    asked = list(dict.fromkeys(texts))
    named = {text: by_entity(spotter.mentions(text)) for text in asked}
    naming = [text for text in asked if named[text]]
    questions: list[tuple[Any, Sequence[Any], list[str]]] = [
        (sentiment, [ToneRecord(text=text) for text in asked], asked),
        (topic, [TopicRecord(text=text) for text in asked], asked),
        (intensity, [IntensityRecord(text=text) for text in asked], asked),
    ]
    if naming:
        questions.append((entity_sentiment, [_mentions(text, named[text]) for text in naming], naming))
    told = await caller.predict_together([(task, records) for task, records, _ in questions])
    answers = [
        _answers(task.name, prediction, of)
        for (task, _, of), prediction in zip(questions, told, strict=True)
        if prediction is not None
    ]
    settings = settings_of(caller)
    readings = {text: _reading(text, named[text], answers, settings) for text in asked}
    return [readings[text] for text in texts]


def _mentions(text: str, named: Named) -> EntityMentions:
    """Return a text with its entities by the names that it uses itself."""
    surfaces = dict.fromkeys(text[places[0].start : places[0].end] for places in named.values())
    return EntityMentions(text=text, entities=list(surfaces)[:50])


def _answers(task: str, prediction: Prediction[Any], texts: Sequence[str]) -> _Answers:
    return _Answers(task, prediction.adapter, dict(zip(texts, prediction.answers, strict=True)))


def _reading(text: str, named: Named, answers: Sequence[_Answers], settings: MonitorSettings) -> Reading:
    found = {each.task: answer for each in answers if (answer := each.of(text)) is not None}
    tone = found.get(sentiment.name)
    whole = settings.sentiment(tone.label) if tone is not None else None
    strength = found.get(intensity.name)
    return Reading(
        sentiment=whole,
        confidence=tone.confidence if tone is not None else None,
        abstained=tone.abstained if tone is not None else False,
        topics=[TopicFound(topic=each.label, confidence=each.confidence) for each in _topics(found.get(topic.name))],
        entities=_towards(text, named, found.get(entity_sentiment.name), tone, settings),
        intensity=max(-1.0, min(1.0, strength.value)) if strength is not None else None,
        interval=(strength.low, strength.high) if strength is not None else None,
        predictions={task: answer.prediction_id for task, answer in found.items() if answer.prediction_id},
        adapters={each.task: each.adapter for each in answers if each.task in found},
    )


def _topics(answer: Any) -> Sequence[Any]:
    return () if answer is None or answer.abstained else answer.labels


def _towards(text: str, named: Named, answer: Any, tone: Any, settings: MonitorSettings) -> list[TowardsEntity]:
    """Return the sentiment towards each entity; the whole text's only where it names no other."""
    by_name = {each.entity: each for each in (answer.entities if answer is not None else ())}
    found = []
    for entity, places in named.items():
        said = by_name.get(text[places[0].start : places[0].end])
        spans = [(each.start, each.end) for each in places]
        if said is not None:
            found.append(
                TowardsEntity(
                    entity=entity,
                    sentiment=settings.sentiment(said.sentiment),
                    confidence=said.confidence,
                    mentions=spans,
                )
            )
        elif len(named) == 1 and tone is not None and not tone.abstained:
            whole = settings.sentiment(tone.label)
            found.append(
                TowardsEntity(entity=entity, sentiment=whole, confidence=tone.confidence, mentions=spans, by="text")
            )
        else:
            found.append(TowardsEntity(entity=entity, sentiment=None, mentions=spans))
    return found
