"""The routes of public-opinion monitoring, put together."""

from fastapi import APIRouter

from podion_sentiment_monitor.routes import alerts, articles, entities, report, rules, sources, trends

router = APIRouter()
for part in (articles, entities, sources, trends, rules, alerts, report):
    router.include_router(part.router)
