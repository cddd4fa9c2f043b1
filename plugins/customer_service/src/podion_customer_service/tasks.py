"""The questions customer service answers: what an utterance is about, which details it names, and its mood."""

from podion import LabelHead, Method, SpanHead, Split, Task
from podion_customer_service.mood_examples import CALM, UPSET
from podion_customer_service.schema import MarkedUtterance, MoodyUtterance, Utterance

intent = Task(
    name="intent",
    record=Utterance,
    head=LabelHead(),
    out_of_scope="oos",
    keep=0.97,
    metric="macro_f1",
    split=Split(group="conversation_id"),
)

slots = Task(
    name="slots",
    record=MarkedUtterance,
    head=SpanHead(),
    label="spans",
    metric="entity_f1",
    methods=(Method.HEAD, Method.LORA),
)

mood = Task(
    name="mood",
    record=MoodyUtterance,
    head=LabelHead(),
    labels=("calm", "upset"),
    descriptions={"calm": CALM, "upset": UPSET},
    metric="macro_f1",
    split=Split(group="conversation_id"),
)
