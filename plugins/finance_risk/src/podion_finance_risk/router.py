"""The routes of financial risk, put together."""

from fastapi import APIRouter

from podion_finance_risk.routes import applications, decisions, outcomes, policy, reports, review, texts, transactions

router = APIRouter()
for part in (applications, decisions, transactions, outcomes, policy, reports, review, texts):
    router.include_router(part.router)
