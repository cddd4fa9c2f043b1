"""How a vertical tells its own story in `podion demo`: a tenant at a live server, and words as they happen."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Json = dict[str, Any]


class Teller(Protocol):
    """A tenant that has just been made, with the vertical enabled, and somebody who watches.

    Paths are under `/v1/<vertical>` unless they begin with `/v1/` or with the prefix of one of its standards.
    What the server refuses is raised as `PodionError`.
    """

    def say(self, chapter: str, text: str, **facts: Any) -> None:
        """Tell one chapter in a line; `facts` are what `--json` prints."""

    def get(self, path: str, **query: Any) -> Json:
        """Return the JSON of a GET."""

    def text(self, path: str, **query: Any) -> str:
        """Return the text of a GET of a page."""

    def post(self, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Json:
        """Return the JSON of a POST."""

    def put(self, path: str, body: Mapping[str, Any]) -> Json:
        """Return the JSON of a PUT."""

    def upload(self, task: str, rows: Sequence[Mapping[str, Any]]) -> Json:
        """Upload records of a task; return the dataset."""

    def run(self, task: str, dataset: str, method: str = "auto") -> Json:
        """Fine-tune, showing progress; return the ended run with its `adapter` and `report`."""

    def deploy(self, task: str, adapter: str) -> Json:
        """Let an adapter serve; return the deployment."""

    def chart(self, title: str, bars: Sequence[tuple[str, float]], *, unit: str = "") -> None:
        """Draw horizontal bars at the end of the story; values are not negative."""
