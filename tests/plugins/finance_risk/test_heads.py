"""The scorecard is the platform's additive head; adapters that were trained with the plugin's own still load."""

import numpy as np
import torch

from podion import AdditiveHead, ContributionsAnswer
from podion.hosting.adapter_files import HeadFile
from podion.hosting.additive_heads import AdditiveClassifier
from podion.hosting.head_loading import head_options, head_tensors, load_head, new_head
from podion.nn import States
from podion_finance_risk.heads import columns_of
from podion_finance_risk.schema import CreditApplication
from podion_finance_risk.tasks import credit, scorecard


def applications(rows: int) -> list[CreditApplication]:
    draw = np.random.default_rng(0)
    made = []
    for debt, income in draw.random((rows, 2)).tolist():
        bad = draw.random() < 0.2 + 0.6 * debt
        made.append(CreditApplication.model_validate({"debt": debt, "income": income, "label": int(bad)}))
    return made


def test_the_scorecard_asks_the_same_as_credit_and_tells_why() -> None:
    assert isinstance(scorecard.head, AdditiveHead)
    assert scorecard.answer_schema is ContributionsAnswer
    assert (scorecard.record, scorecard.labels, scorecard.sensitive) == (credit.record, credit.labels, credit.sensitive)


def test_an_adapter_of_the_plugins_former_head_loads_and_answers() -> None:
    records = applications(200)
    space = scorecard.label_space(())
    former = HeadFile(
        implementation="podion_finance_risk.heads:ScorecardHead",
        record="podion_finance_risk.schema:CreditApplication",
        hidden_size=4,
        labels=space.labels,
        options={"columns": columns_of(records, space).options(), "directions": {"debt": 1}, "pairs": []},
    )
    fresh = load_head(former, _tensors_of(former, records), torch.device("cpu"))
    assert set(head_options(fresh)) == {"columns", "directions", "monotone", "pairs", "positive"}
    nothing = torch.zeros(2, 0, 4)
    states = States(torch.zeros(2, 4), nothing, nothing[:, :, 0] > 0, nothing[..., :2], fresh.features(records[:2]))
    assert fresh(states).shape == (2, 2)


def _tensors_of(file: HeadFile, records: list[CreditApplication]) -> dict[str, np.ndarray]:
    head = new_head(file)
    assert isinstance(head, AdditiveClassifier)
    read = head.reader.tensors(records)
    head.card.look_at(*head.card.shapes.spots(read["cells"], read["places"]))
    return head_tensors(head)
