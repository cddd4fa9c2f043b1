"""The routes of customer service, put together."""

from fastapi import APIRouter

from podion_customer_service.routes import analytics, conversations, golden, knowledge, parse, review, staff

router = APIRouter()
for part in (parse, conversations, staff, knowledge, analytics, review, golden):
    router.include_router(part.router)
