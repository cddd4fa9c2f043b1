"""Public-opinion monitoring: stories instead of reposts, trends in event time, and alerts on what surges."""

from podion import JobType, Schedule, Vertical, hookimpl
from podion_sentiment_monitor.alerts import Alert
from podion_sentiment_monitor.articles import Article
from podion_sentiment_monitor.config import MonitorSettings
from podion_sentiment_monitor.counters import DayCounts, HourCounts
from podion_sentiment_monitor.digest import FIRED, RESOLVED, digest
from podion_sentiment_monitor.entities import KeptWatchList
from podion_sentiment_monitor.filing import Arrival, Filed, Nothing
from podion_sentiment_monitor.ingest import DIGEST
from podion_sentiment_monitor.router import router
from podion_sentiment_monitor.rules import Rule
from podion_sentiment_monitor.shelves import Ledger, Shelf
from podion_sentiment_monitor.sources import Source, poll_due
from podion_sentiment_monitor.stories import Story
from podion_sentiment_monitor.surveillance import Expectation
from podion_sentiment_monitor.tasks import entity_sentiment, intensity, sentiment, topic

POLL = "poll"


@hookimpl
def register_vertical() -> Vertical:
    """Return the vertical: its tasks, its routes, what it keeps, tells and does by itself."""
    return Vertical(
        name="sentiment_monitor",
        title={"en": "Public-opinion monitoring", "zh": "舆情监测"},
        tasks=(sentiment, topic, entity_sentiment, intensity),
        router=router,
        config=MonitorSettings,
        kinds=(
            Alert, Arrival, Article, DayCounts, Expectation, Filed, HourCounts, KeptWatchList, Ledger, Rule, Shelf,
            Source, Story,
        ),
        events=(FIRED, RESOLVED),
        jobs=(
            JobType(name=DIGEST, payload=Nothing, run=digest),
            JobType(name=POLL, payload=Nothing, run=poll_due),
        ),
        schedules=(Schedule(job=DIGEST, every_seconds=60), Schedule(job=POLL, every_seconds=60)),
        sample="sample.jsonl",
        story="podion_sentiment_monitor.story:tell",
        intended_use={
            "en": "Telling a press office what is being said, and when it surges; a person decides what to do.",
            "zh": "帮助公关与风控团队了解舆论动态并及时预警；如何应对由人决定。",
        },
    )  # fmt: skip
