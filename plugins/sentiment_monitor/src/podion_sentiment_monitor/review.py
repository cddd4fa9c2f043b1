"""A person's corrections given back to the heads: feedback that the next grown dataset learns from."""

from podion import TenantCaller
from podion_sentiment_monitor.articles import Article, Labels
from podion_sentiment_monitor.tasks import intensity, sentiment, topic


async def give_back(caller: TenantCaller, article: Article, labels: Labels) -> None:
    """Store what an article should have been read as as feedback on the answers that read it.

    Sentiment, topics and intensity are, so `POST /datasets/{id}:grow` takes them in. The sentiment towards an entity is
    not: feedback holds labels and numbers, no pairs of entity and sentiment.
    """
    answered = article.reading.predictions
    if labels.sentiment is not None and sentiment.name in answered:
        await caller.review(answered[sentiment.name], label=labels.sentiment)
    if labels.topics is not None and topic.name in answered:
        await caller.review(answered[topic.name], label=labels.topics)
    if labels.intensity is not None and intensity.name in answered:
        await caller.review(answered[intensity.name], value=labels.intensity)
