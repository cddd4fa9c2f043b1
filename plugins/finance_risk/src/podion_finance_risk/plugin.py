"""Financial risk: credit decisions with exact reasons, fraud in a stream of payments, classes, and texts of risk."""

from podion import Vertical, hookimpl
from podion_finance_risk.alerting import AlertBudget
from podion_finance_risk.customers import ClassifiedCustomer
from podion_finance_risk.decisions import Application, Decision, ReviewItem
from podion_finance_risk.events import EVENTS
from podion_finance_risk.outcomes import Outcome
from podion_finance_risk.policy import PolicyVersion
from podion_finance_risk.router import router
from podion_finance_risk.tasks import TASKS
from podion_finance_risk.transactions import ScoredTransaction, WindowState


@hookimpl
def register_vertical() -> Vertical:
    """Return the finance-risk vertical: its tasks, its routes, what it keeps and tells, and the sample for the demo."""
    return Vertical(
        name="finance_risk",
        title={"en": "Financial risk", "zh": "金融风控"},
        tasks=TASKS,
        router=router,
        kinds=(
            Application,
            Decision,
            ReviewItem,
            PolicyVersion,
            Outcome,
            ScoredTransaction,
            WindowState,
            AlertBudget,
            ClassifiedCustomer,
        ),
        events=EVENTS,
        sample="sample.jsonl",
        story="podion_finance_risk.story:tell",
        risk_class="high",
        intended_use={
            "en": "Credit and fraud decisions by a lender's own policy, with exact reasons; people decide the unclear.",
            "zh": "按机构自有策略进行信贷与反欺诈决策，给出确切原因；拿不准的由人工裁定。",
        },
    )
