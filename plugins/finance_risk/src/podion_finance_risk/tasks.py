"""The questions financial risk answers: will this loan go bad, is this fraud, which class, what kind of text."""

from dataclasses import replace

from podion import AdditiveHead, LabelHead, Method, Metric, Split, TabularHead, Task
from podion_finance_risk.schema import SENSITIVE, CreditApplication, Customer, RiskText, Transaction
from podion_finance_risk.windows import TransactionHistory

BOOSTING = "podion_finance_risk.challenger:GradientBoosting"
BAD = "1"
GOOD = "0"
_METHODS = (Method.HEAD, Method.LORA, Method.ADALORA)
_KEEP = 1.0
"""No answer abstains for being near even odds: among applications those are the worst, not the unclear ones.

The reject option is the policy's: the band around the lender's own cut, and applications of which too little is known.
"""

credit = Task(
    name="credit",
    record=CreditApplication,
    head=TabularHead(),
    labels=(GOOD, BAD),
    positive=BAD,
    metric=Metric("roc_auc"),
    split=Split(time="applied_at"),
    methods=_METHODS,
    keep=_KEEP,
    sensitive=SENSITIVE,
    challengers=(BOOSTING,),
)

scorecard = replace(credit, name="scorecard", head=AdditiveHead())
"""The same question of the same record, answered by a sum whose every part is told."""

fraud = Task(
    name="fraud",
    record=Transaction,
    head=TabularHead(),
    labels=(GOOD, BAD),
    positive=BAD,
    metric=Metric("average_precision"),
    split=Split(time="at"),
    methods=(Method.HEAD,),
    keep=1.0,
    history=TransactionHistory,
    challengers=(BOOSTING,),
)

customer_class = Task(
    name="customer_class",
    record=Customer,
    head=TabularHead(),
    metric=Metric("macro_f1"),
    methods=_METHODS,
    sensitive=SENSITIVE,
    challengers=(BOOSTING,),
)

text_risk = Task(name="text_risk", record=RiskText, head=LabelHead(words=True), metric=Metric("macro_f1"))

TASKS = (credit, scorecard, fraud, customer_class, text_risk)
