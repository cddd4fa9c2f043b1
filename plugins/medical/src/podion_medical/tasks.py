"""The questions that the medical vertical answers, each with its record and its head."""

from podion import AdditiveHead, LabelHead, Method, Metric, OrdinalHead, PairHead, SpanHead, Split, Task
from podion_medical.schema import (
    ClinicalText,
    CodedNote,
    CodesAnswer,
    EvidenceQuestion,
    MedicalText,
    QueryPair,
    RelatedText,
    RelationsAnswer,
    RiskCase,
    TriageCase,
)

_TRAINED = (Method.HEAD, Method.LORA, Method.ADALORA)
_COVERAGE = 0.9
"""How often the labels that may be right hold the truth: one in ten is the usual risk of clinical intervals."""

URGENCIES = ("1", "2", "3", "4", "5")
"""From most to least urgent."""

question_intent = Task(
    name="question_intent",
    record=MedicalText,
    head=LabelHead(words=True),
    metric="accuracy",
    split=Split(group="group"),
)

document_class = Task(
    name="document_class",
    record=MedicalText,
    head=LabelHead(words=True),
    metric="accuracy",
    split=Split(group="group"),
)

diagnosis = Task(
    name="diagnosis",
    record=MedicalText,
    head=LabelHead(words=True),
    metric="accuracy",
    coverage=_COVERAGE,
    split=Split(group="group"),
)

match = Task(
    name="match",
    record=QueryPair,
    head=PairHead(first="query1", second="query2"),
    metric="accuracy",
    methods=_TRAINED,
    split=Split(group="query1"),
)
"""Whether two questions ask the same; pairs of one first question never stand on both sides of a split."""

answer = Task(
    name="answer",
    record=EvidenceQuestion,
    head=PairHead(first="question", second="context"),
    labels=("yes", "no", "maybe"),
    metric="accuracy",
    methods=_TRAINED,
    split=Split(group="group"),
)
"""What a passage answers to a question that can be answered with yes or no."""

entities = Task(
    name="entities",
    record=ClinicalText,
    head=SpanHead(nested=True, words=True),
    metric="entity_f1",
    methods=_TRAINED,
    split=Split(group="patient_ref"),
)
"""Which stretches of a text name a disease, a drug, a finding; one may lie in another."""

coding = Task(
    name="coding",
    record=CodedNote,
    head="podion_medical.heads.coding:CodingHead",
    answer=CodesAnswer,
    metric="micro_f1",
    methods=_TRAINED,
    split=Split(group="patient_ref", time="authored_at"),
)
"""Which codes a note has, each with what in the note speaks for it."""

relations = Task(
    name="relations",
    record=RelatedText,
    head="podion_medical.heads.relations:RelationHead",
    answer=RelationsAnswer,
    metric="relation_f1",
    methods=_TRAINED,
    split=Split(group="patient_ref"),
)
"""How the entities of a note belong together: which dose is of which drug, and for what problem."""

triage = Task(
    name="triage",
    record=TriageCase,
    head=OrdinalHead(),
    text="words",
    labels=URGENCIES,
    metric=Metric("quadratic_kappa"),
    methods=_TRAINED,
    coverage=_COVERAGE,
    split=Split(group="patient_ref", time="at"),
)
"""How urgent a case is: a label in an order, and the set of urgencies that may be right."""

risk = Task(
    name="risk",
    record=RiskCase,
    head=AdditiveHead(),
    text=None,
    labels=("0", "1"),
    positive="1",
    metric=Metric("roc_auc"),
    keep=1.0,
    coverage=_COVERAGE,
    methods=(Method.HEAD,),
    split=Split(group="patient_ref", time="at"),
)
"""Whether it will come or is there, with what every measurement adds; both labels may be right where too little tells.

`keep` is 1: no answer holds back for being near even odds, which is what a risk of a half is.
"""

TASKS = (question_intent, document_class, diagnosis, match, answer, entities, coding, relations, triage, risk)
