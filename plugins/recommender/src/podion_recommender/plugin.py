"""Recommendation: what a user is shown next, out of a catalogue that changes by the minute."""

from podion import CollectionSpec, JobType, Vertical, hookimpl
from podion_recommender import chores
from podion_recommender.catalogue import INDEX, ITEMS, ItemText, Nothing, index
from podion_recommender.config import RecommenderSettings
from podion_recommender.covisits import Neighbours
from podion_recommender.interactions import Interaction
from podion_recommender.popularity import Fresh, Popular
from podion_recommender.ranker import Ranker
from podion_recommender.router import router
from podion_recommender.rules import Rule
from podion_recommender.schema import Item
from podion_recommender.shoppers import Barred, Shopper, Trail
from podion_recommender.slates import Slate, SlateLog
from podion_recommender.tasks import TASKS


@hookimpl
def register_vertical() -> Vertical:
    """Return the vertical: its tasks, its routes, what it keeps and does by itself."""
    return Vertical(
        name="recommender",
        title={"en": "Recommendation", "zh": "智能推荐"},
        tasks=TASKS,
        router=router,
        config=RecommenderSettings,
        kinds=(
            Barred, Fresh, Interaction, Item, Neighbours, Popular, Ranker, Rule, Shopper, Slate, SlateLog, Trail,
            *chores.KINDS,
        ),
        events=chores.EVENTS,
        jobs=(JobType(name=INDEX, payload=Nothing, run=index), *chores.JOBS),
        schedules=chores.SCHEDULES,
        sample="sample.jsonl",
        story="podion_recommender.story:tell",
        collections=(CollectionSpec(name=ITEMS, kind=ItemText, texts=("text",), filters=("category",)),),
        intended_use={
            "en": "Choosing what visitors of a shop or a publisher are shown next; never who gets a service.",
            "zh": "为商店或内容平台的访客选择接下来展示的内容；不用于决定任何人能否获得某项服务。",
        },
    )  # fmt: skip
