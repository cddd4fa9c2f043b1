"""What a story leaves behind: lines while it is told, a table at its end."""

from dataclasses import dataclass, field
from typing import Any

from podion.cli.output import say


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of the table at the end: who answered, how well, and how long it took to get there."""

    vertical: str
    step: str
    answers: str
    accuracy: float | None
    seconds: float


@dataclass
class Told:
    """What happened: facts for machines, steps for the table."""

    facts: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def say(self, chapter: str, text: str, **facts: Any) -> None:
        """Tell one chapter and keep its facts."""
        self.facts.update(facts)
        say(f"{'✓' if chapter else ' '} {chapter:<13} {text}")

    def table(self) -> list[str]:
        """Return the table of what happened."""
        head = f"{'vertical':<18} {'step':<13} {'who answers':<26} {'accuracy':>8} {'seconds':>8}"
        rows = [
            f"{s.vertical:<18} {s.step:<13} {s.answers:<26} "
            f"{'' if s.accuracy is None else format(s.accuracy, '.3f'):>8} {s.seconds:>8.1f}"
            for s in self.steps
        ]
        return [head, "-" * len(head), *rows]
