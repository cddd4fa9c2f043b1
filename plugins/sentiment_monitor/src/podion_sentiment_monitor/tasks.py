"""What is asked of every text: its sentiment, its topics, the sentiment towards each entity, and how strong it is."""

from podion import LabelHead, Method, Metric, MultiLabelHead, OwnHead, RegressionHead, Split, Task
from podion_sentiment_monitor.schema import (
    EntityMentions,
    EntitySentimentAnswer,
    IntensityRecord,
    ToneRecord,
    TopicRecord,
)

_TRAINED = (Method.HEAD, Method.LORA)

sentiment = Task(
    name="sentiment",
    record=ToneRecord,
    head=LabelHead(words=True),
    metric="macro_f1",
    split=Split(group="story"),
    deep=True,
)

topic = Task(
    name="topic",
    record=TopicRecord,
    head=MultiLabelHead(),
    metric="macro_f1",
    split=Split(group="story"),
)

entity_sentiment = Task(
    name="entity_sentiment",
    record=EntityMentions,
    head=OwnHead("podion_sentiment_monitor.heads:EntitySentimentHead", EntitySentimentAnswer),
    metric="accuracy",
    methods=_TRAINED,
    split=Split(group="story"),
    deep=True,
)

intensity = Task(
    name="intensity",
    record=IntensityRecord,
    head=RegressionHead(),
    metric=Metric("mae", better="lower"),
    methods=_TRAINED,
    split=Split(group="story"),
)
