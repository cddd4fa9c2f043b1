"""A person's corrections of articles: counted at once, and feedback that the next grown dataset learns from."""

from podion import TenantCaller
from podion_sentiment_monitor.articles import Article, Labels
from podion_sentiment_monitor.ingest import relabel
from podion_sentiment_monitor.tasks import sentiment


async def correct(caller: TenantCaller, doc_id: str, labels: Labels) -> Article:
    """Keep what an article should have been read as; raises `NotFound`.

    The sentiment is feedback on the answer that said otherwise, so `POST /datasets/{id}:grow` takes it in. Topics and
    entities have no single label to give back: they are counted as corrected.
    """
    article = await relabel(caller, doc_id, labels)
    answered = article.reading.predictions.get(sentiment.name)
    if labels.sentiment is not None and answered:
        await caller.review(answered, label=labels.sentiment)
    return article
