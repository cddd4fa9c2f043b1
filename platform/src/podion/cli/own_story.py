"""A vertical's own story, told by its plugin over real HTTP: see `podion.teller.Teller`."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, cast

from podion.cli.client import Client, Json
from podion.cli.material import as_jsonl
from podion.cli.output import Bar
from podion.cli.telling import Told
from podion.errors import PluginError, Unavailable
from podion.teller import Teller
from podion.vertical import Vertical

_WIDTH = 40


class TenantTeller:
    """Speaks to one server with one tenant's key, for one vertical."""

    def __init__(self, told: Told, client: Client, vertical: Vertical) -> None:
        self._told, self._client, self._vertical = told, client, vertical

    def say(self, chapter: str, text: str, **facts: Any) -> None:
        """Tell one chapter and keep its facts under the vertical's name."""
        self._told.say(chapter, text)
        self._told.facts.setdefault(self._vertical.name, {}).update(facts)

    def get(self, path: str, **query: Any) -> Json:
        """Return the JSON of a GET."""
        return self._client.get(self._path(path), **query)

    def text(self, path: str, **query: Any) -> str:
        """Return the text of a GET of a page."""
        return self._client.text(self._path(path), **query)

    def post(self, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Json:
        """Return the JSON of a POST."""
        return self._client.post(self._path(path), None if body is None else dict(body), **query)

    def put(self, path: str, body: Mapping[str, Any]) -> Json:
        """Return the JSON of a PUT."""
        return self._client.put(self._path(path), dict(body))

    def upload(self, task: str, rows: Sequence[Mapping[str, Any]]) -> Json:
        """Upload records of a task; return the dataset."""
        return self._client.upload(self._path("/datasets"), as_jsonl([dict(row) for row in rows]), task=task)

    def run(self, task: str, dataset: str, method: str = "auto") -> Json:
        """Fine-tune, showing progress; return the ended run."""
        return followed_run(self._client, self._path(""), task, dataset, method)

    def deploy(self, task: str, adapter: str) -> Json:
        """Let an adapter serve; return the deployment."""
        return self._client.post(self._path("/deployments"), {"task": task, "adapter": adapter})

    def chart(self, title: str, bars: Sequence[tuple[str, float]], *, unit: str = "") -> None:
        """Draw horizontal bars at the end of the story."""
        self._told.lines += ["", *drawn(title, bars, unit)]

    def _path(self, path: str) -> str:
        roots = ("/v1", *(standard.prefix for standard in self._vertical.standards))
        whole = any(path == root or path.startswith(f"{root}/") for root in roots)
        return path if whole else f"/v1/{self._vertical.path}{path}"


def tell_own(told: Told, client: Client, vertical: Vertical) -> None:
    """Let a plugin tell the story that its vertical names; raises `PluginError` when there is no such function."""
    module, _, name = (vertical.story or "").partition(":")
    try:
        tell = cast(Callable[[Teller], None], getattr(import_module(module), name))
    except (ImportError, AttributeError, ValueError) as error:
        raise PluginError(f"vertical {vertical.name}: its story {vertical.story!r} does not load: {error}") from error
    tell(TenantTeller(told, client, vertical))


def followed_run(client: Client, path: str, task: str, dataset: str, method: str) -> Json:
    """Start a run at a vertical's `path`, show how it goes, and return how it ended.

    Raises `Unavailable` for one that did not succeed.
    """
    run = client.post(f"{path}/runs", {"task": task, "dataset": dataset, "method": method})
    bar, ended = Bar(), Json()
    for name, event in client.events(f"{path}/runs/{run['id']}/events"):
        if name == "end":
            ended = event
        else:
            note = f"{event['metric']} {event['value']:.3f}" if event.get("value") is not None else ""
            bar.update(f"{task} {method}: {event.get('stage', '')}", event.get("fraction"), note)
    bar.close()
    if ended.get("state") != "succeeded":
        raise Unavailable(f"the run {run['id']} {ended.get('state')}: {ended.get('error')}")
    return ended


def drawn(title: str, bars: Sequence[tuple[str, float]], unit: str = "") -> list[str]:
    """Return a chart of horizontal bars as lines of text, the longest as wide as 40 characters."""
    most = max((value for _, value in bars), default=0.0) or 1.0
    names = max((len(name) for name, _ in bars), default=0)
    return [
        title,
        *(
            f"  {name:<{names}} {'█' * round(_WIDTH * value / most):<{_WIDTH}} {value:,.3g}{unit}"
            for name, value in bars
        ),
    ]
