"""The routes of recommendation, put together."""

from fastapi import APIRouter

from podion_recommender.routes import experiments, interactions, items, recommendations, reports, rules, users

router = APIRouter()
for part in (items, users, interactions, recommendations, rules, experiments, reports):
    router.include_router(part.router)
