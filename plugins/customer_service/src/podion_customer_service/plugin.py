"""Customer service: intents with calibrated confidence, an honest refusal of what is out of scope, and slots."""

from podion import Vertical, hookimpl
from podion_customer_service.routes import router
from podion_customer_service.tasks import intent, slots


@hookimpl
def register_vertical() -> Vertical:
    """Return the customer-service vertical: its tasks, its route and the sample that the demo uploads."""
    return Vertical(
        name="customer_service",
        title={"en": "Customer service", "zh": "客户服务"},
        tasks=(intent, slots),
        router=router,
        sample="sample.jsonl",
        intended_use={
            "en": "Sorting what customers write and reading details from it; a person decides what abstains.",
            "zh": "对客户留言进行意图分类并提取关键信息；拿不准的交由人工处理。",
        },
    )
