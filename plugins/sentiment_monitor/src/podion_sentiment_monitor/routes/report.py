"""`/report`: a day on one page."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from podion import Caller, Language, requires
from podion_sentiment_monitor.config import settings_of
from podion_sentiment_monitor.report import DayReport, report
from podion_sentiment_monitor.report_page import page

router = APIRouter(dependencies=[requires("data")])

_SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}
_SHAPES: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}


@router.get("/report", response_model=DayReport, responses=_SHAPES)
async def get_report(
    caller: Caller,
    day: Annotated[date | None, Query(description="UTC; default: today")] = None,
    format: Annotated[Literal["html", "json"], Query(description="a page to read and print, or its figures")] = "html",
    lang: Annotated[Language | None, Query(description="of the page; default: as the tenant has set it")] = None,
) -> DayReport | Response:
    """Return a day's volume and sentiment by the hour, its stories with the widest reach, and its alerts."""
    told = await report(caller, day or datetime.now(UTC).date())
    if format == "json":
        return told
    return HTMLResponse(page(told, lang or settings_of(caller).language), headers=_SAFE)
