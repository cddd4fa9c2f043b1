from pathlib import Path

import torch
from pydantic import BaseModel

from podion.hosting.adapter_files import HeadFile
from podion.hosting.head_loading import head_options, head_tensors, load_head, reads_features
from podion.hosting.heads import LabelClassifier
from podion.hosting.word_heads import SAID, WordedClassifier
from podion.nn import LabelSpace, Scores, States

LABELS = LabelSpace(("negative", "positive"))


class Remark(BaseModel):
    title: str = ""
    text: str = ""
    label: str | None = None

    @property
    def whole(self) -> str:
        return f"{self.title} {self.text}"


REMARKS = [
    Remark(text=f"{who} {what}", label=label)
    for who in ("Alpha", "Beta", "Gamma", "甲公司", "乙公司", "Delta", "Omega", "Sigma")
    for what, label in (("profit rose", "positive"), ("loss widened", "negative"), ("下调评级", "negative"))
]


def states(rows: int, **features: torch.Tensor) -> States:
    pooled = torch.randn(rows, 8, generator=torch.Generator().manual_seed(rows))
    tokens = torch.zeros(rows, 0, 8)
    return States(
        pooled=pooled,
        tokens=tokens,
        mask=tokens[:, :, 0] > 0,
        offsets=torch.zeros(rows, 0, 2, dtype=torch.long),
        features=features,
    )


def fitted() -> WordedClassifier:
    head = WordedClassifier(8, LABELS)
    head.fit_features(REMARKS)
    return head.eval()


def served(head: WordedClassifier) -> WordedClassifier:
    file = HeadFile(
        implementation="podion.hosting.word_heads:WordedClassifier",
        record=f"{__name__}:Remark",
        hidden_size=8,
        labels=LABELS.labels,
        options=head_options(head),
    )
    loaded = load_head(file, head_tensors(head), torch.device("cpu"))
    assert isinstance(loaded, WordedClassifier)
    return loaded


def test_logits_are_those_of_vectors_and_of_words_added() -> None:
    head = fitted()
    plain = LabelClassifier(8, LABELS)
    plain.load_state_dict(head.plain.state_dict())
    said = torch.tensor([[1.0, -1.0], [0.0, 0.5]])
    assert torch.equal(head(states(2, **{SAID: said})), plain(states(2)) + said)


def test_words_decide_where_vectors_know_nothing() -> None:
    head = served(fitted())
    for parameter in head.plain.parameters():
        parameter.zero_()
    others = [Remark(text="Kappa profit rose"), Remark(text="丙公司 下调评级"), Remark(text="")]
    found = head(states(3, **head.features(others)))
    answers = head.decode(Scores(logits=found, probabilities=found.softmax(-1), threshold=0.5, states=states(3)))
    assert [answer.label for answer in answers[:2]] == ["positive", "negative"]
    assert reads_features(head)


def test_training_sees_of_a_text_what_its_words_would_say_without_it() -> None:
    head = fitted()
    records = [*REMARKS, Remark(text="Kappa profit fell")]
    seen, said = head.training_features(records, len(REMARKS))[SAID], head.features(records)[SAID]
    assert torch.equal(seen[len(REMARKS) :], said[len(REMARKS) :])
    targets = torch.tensor(LABELS.targets(REMARKS))
    loss = torch.nn.functional.cross_entropy
    assert float(loss(seen[: len(REMARKS)], targets)) > float(loss(said[: len(REMARKS)], targets))
    assert torch.equal(served(head).features(records)[SAID], said)


def test_the_property_that_the_task_names_is_read() -> None:
    head = WordedClassifier(8, LABELS, text="whole")
    head.fit_features([Remark(title=remark.text, label=remark.label) for remark in REMARKS])
    said = served(head).features([Remark(title="Kappa profit rose"), Remark(title="Kappa loss widened")])[SAID]
    assert said[0, 1] > said[0, 0]
    assert said[1, 0] > said[1, 1]


def test_nothing_but_tensors_and_plain_options_is_kept(tmp_path: Path) -> None:
    head = fitted()
    assert head_options(head) == {"cut": None, "words": head.words.words, "text": "text"}
    assert {name.split(".")[0] for name in head_tensors(head)} == {"plain", "words"}
