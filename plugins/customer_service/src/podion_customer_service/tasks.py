"""The questions customer service answers: what an utterance is about, and which details it names."""

from podion import LabelHead, Method, SpanHead, Split, Task
from podion_customer_service.schema import MarkedUtterance, Utterance

intent = Task(
    name="intent",
    record=Utterance,
    head=LabelHead(),
    out_of_scope="oos",
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
