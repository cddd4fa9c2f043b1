"""`/alerts`: what surged, and what people say to it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, Cursor, DocumentId, Limit, Page, TenantCaller, answer_like, requires
from podion_sentiment_monitor.alerts import Alert, Status, acknowledged, resolved, silenced
from podion_sentiment_monitor.articles import DocId, Labels
from podion_sentiment_monitor.filing import Nothing
from podion_sentiment_monitor.ingest import DIGEST, correct
from podion_sentiment_monitor.rules import Duration, duration

router = APIRouter(dependencies=[requires("data")])

_ALERT = {
    "id": "alr_9f86d081884c7d65_1782914700",
    "fingerprint": "9f86d081884c7d65",
    "rule": "rul_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "rule_name": "deposit safety",
    "severity": "critical",
    "over": "topic",
    "subject": "deposit safety",
    "sentiment": "negative",
    "window": "1h",
    "status": "firing",
    "open": True,
    "observed": 9,
    "expected": 0.41,
    "p_value": 1.2e-8,
    "peak": 31,
    "latest": 14,
    "started_at": "2026-07-01T14:15:00Z",
    "last_at": "2026-07-01T14:40:00Z",
    "ended_at": None,
    "stories": [
        {
            "id": "sto_5b0e9f8c2d1a4e7f6a3b",
            "title": "Harbour Bank customers queue after transfer delays",
            "source": "herald.example",
            "url": "https://herald.example/17",
            "first_at": "2026-07-01T14:05:00Z",
            "articles": 300,
            "reach": 300,
            "sentiment": "negative",
        }
    ],
    "silenced_until": None,
    "false_alarm": None,
    "comment": "",
    "sent_at": "2026-07-01T14:11:09Z",
    "sent": 1,
    "owed": False,
}
_CORRECTED = {"comment": "two of these are about a football club", "corrections": {"blog-9": {"sentiment": "neutral"}}}


class Remark(BaseModel):
    """A word to an alert, and articles that were read wrongly."""

    model_config = ConfigDict(extra="forbid")

    comment: str = Field(default="", max_length=2_000)
    corrections: dict[DocId, Labels] = Field(
        default={}, max_length=100, description="doc_id → what the article should have been read as"
    )


class Silence(BaseModel):
    """How long an alert, and others of its fingerprint, are to be silent."""

    model_config = ConfigDict(extra="forbid")

    duration: Duration = "4h"
    comment: str = Field(default="", max_length=2_000)


@router.get("/alerts", responses=answer_like({"data": [_ALERT], "next": None}))
async def list_alerts(
    caller: Caller,
    status: Status | None = None,
    rule: Annotated[str | None, Query(max_length=128)] = None,
    subject: Annotated[str | None, Query(max_length=200, description="a topic, an entity or a source")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Alert]:
    """Return alerts, newest first."""
    wanted = {"status": status, "rule": rule, "subject": subject}
    where = {name: value for name, value in wanted.items() if value is not None}
    return await caller.store.list(Alert, where or None, cursor, limit)


@router.get("/alerts/{alert_id}", responses=answer_like(_ALERT))
async def get_alert(alert_id: DocumentId, caller: Caller) -> Alert:
    """Return one alert with its evidence."""
    return await caller.store.get(Alert, alert_id)


@router.post(
    "/alerts/{alert_id}:ack", responses=answer_like({**_ALERT, "status": "acknowledged", "false_alarm": False})
)
async def ack_alert(
    alert_id: DocumentId, remark: Annotated[Remark, Body(examples=[_CORRECTED])], caller: Caller
) -> Alert:
    """Take an alert on: it is not sent again. Corrected articles are counted and learned as they were corrected."""
    alert = await caller.store.update(Alert, alert_id, lambda kept: acknowledged(kept, remark.comment))
    await _corrected(caller, remark)
    return alert


@router.post("/alerts/{alert_id}:silence", responses=answer_like({**_ALERT, "status": "silenced"}))
async def silence_alert(
    alert_id: DocumentId, silence: Annotated[Silence, Body(examples=[{"duration": "4h"}])], caller: Caller
) -> Alert:
    """Keep an alert silent for a time, and the alerts that follow it with the same fingerprint."""
    until = datetime.now(UTC) + min(duration(silence.duration), timedelta(days=366))
    return await caller.store.update(Alert, alert_id, lambda kept: silenced(kept, until, silence.comment))


@router.post("/alerts/{alert_id}:resolve", responses=answer_like({**_ALERT, "status": "resolved", "open": False}))
async def resolve_alert(
    alert_id: DocumentId, remark: Annotated[Remark, Body(examples=[{"comment": "statement is out"}])], caller: Caller
) -> Alert:
    """End an alert by hand; the cooldown of its rule begins."""
    now = datetime.now(UTC)
    alert = await caller.store.update(Alert, alert_id, lambda kept: resolved(kept, now, remark.comment))
    await _corrected(caller, remark)
    await caller.enqueue(DIGEST, Nothing())
    return alert


@router.post(
    "/alerts/{alert_id}:mark-false",
    responses=answer_like({**_ALERT, "status": "resolved", "open": False, "false_alarm": True}),
)
async def mark_alert_false(
    alert_id: DocumentId, remark: Annotated[Remark, Body(examples=[_CORRECTED])], caller: Caller
) -> Alert:
    """End an alert as a false alarm; corrected articles teach the next grown dataset and are counted anew at once."""
    now = datetime.now(UTC)
    alert = await caller.store.update(
        Alert, alert_id, lambda kept: resolved(kept, now, remark.comment, false_alarm=True)
    )
    await _corrected(caller, remark)
    await caller.enqueue(DIGEST, Nothing())
    return alert


async def _corrected(caller: TenantCaller, remark: Remark) -> None:
    for doc_id, labels in remark.corrections.items():
        await correct(caller, doc_id, labels)
