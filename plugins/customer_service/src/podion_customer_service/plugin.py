"""Customer service: intents and slots, answers with their source, conversations that a person can take over."""

import typer

from podion import CollectionSpec, Vertical, hookimpl
from podion_customer_service.commands import add_commands
from podion_customer_service.config import ServiceSettings
from podion_customer_service.conversation import Conversation
from podion_customer_service.gathering import ARTICLES, CURATED
from podion_customer_service.knowledge import Article, CuratedAnswer, Template
from podion_customer_service.questions import Question
from podion_customer_service.router import router
from podion_customer_service.tasks import intent, mood, slots


@hookimpl
def register_vertical() -> Vertical:
    """Return the customer-service vertical: its tasks, its routes, what it keeps, and the sample for the demo."""
    return Vertical(
        name="customer_service",
        title={"en": "Customer service", "zh": "客户服务"},
        tasks=(intent, slots, mood),
        router=router,
        config=ServiceSettings,
        kinds=(Conversation, Question, Template),
        collections=(
            CollectionSpec(name=ARTICLES, kind=Article, texts=("question", "text"), filters=("locale", "audience")),
            CollectionSpec(name=CURATED, kind=CuratedAnswer, texts=("text",), filters=("locale",)),
        ),
        sample="sample.jsonl",
        intended_use={
            "en": "Answering customers from what the tenant wrote, with the source; a person takes what is unclear.",
            "zh": "依据租户提供的内容回答客户并注明出处；拿不准的转交人工处理。",
        },
    )


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Add `podion customer-service golden`."""
    add_commands(cli)
