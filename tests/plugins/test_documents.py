"""The page on each vertical names every route there is, none that is not, and problem codes that exist."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from podion.api.app import create_app
from podion.catalogue.catalogue import load_plugins
from podion.settings import Settings

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Described:
    """A vertical by its path in URLs, how many problem codes its page names at the least, its places at the root."""

    path: str
    fewest_codes: int
    standards: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return ROOT / "plugins" / self.path.replace("-", "_")

    @property
    def page(self) -> str:
        return (ROOT / "docs" / f"{self.path}.md").read_text(encoding="utf-8")


VERTICALS = (
    Described(path="customer-service", fewest_codes=16),
    Described(path="finance-risk", fewest_codes=6),
    Described(path="medical", fewest_codes=6, standards=("cds-services",)),
    Described(path="sentiment-monitor", fewest_codes=9),
    Described(path="recommender", fewest_codes=7),
)
of_each = pytest.mark.parametrize("vertical", VERTICALS, ids=lambda vertical: vertical.path)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[tuple[str, str]]]:
    """Every route by its vertical: `/v1/customer-service/runs/{run_id}:cancel` is `/runs/{id}:cancel` there."""
    paths = create_app(Settings(home=tmp_path_factory.mktemp("home")), load_plugins()).openapi()["paths"]
    found: dict[str, set[tuple[str, str]]] = {vertical.path: set() for vertical in VERTICALS}
    at_root = {root: vertical.path for vertical in VERTICALS for root in vertical.standards}
    for path, operations in paths.items():
        vertical, _, rest = path.removeprefix("/v1/").partition("/")
        first = path.split("/")[1]
        owner, shown = (at_root[first], path) if first in at_root else (vertical, f"/{rest}")
        if owner in found:
            found[owner] |= {(method.upper(), re.sub(r"\{\w+\}", "{id}", shown)) for method in operations}
    return found


def test_every_vertical_has_a_page() -> None:
    assert {each.path.replace("-", "_") for each in VERTICALS} == {path.name for path in (ROOT / "plugins").iterdir()}


@of_each
def test_every_route_is_in_a_table(served: dict[str, set[tuple[str, str]]], vertical: Described) -> None:
    named = re.findall(r"`(GET|POST|PUT|DELETE) (/[^`\s]+)`", vertical.page)
    told = {(method, path.split("?")[0]) for method, path in named if not path.startswith("/v1/")}
    assert told == served[vertical.path]


@of_each
def test_every_route_is_shown_with_curl(served: dict[str, set[tuple[str, str]]], vertical: Described) -> None:
    blocks = "\n".join(re.findall(r"```bash\n(.*?)```", vertical.page, re.DOTALL))
    shown = set()
    for call in re.split(r"^(?=curl |podion |[A-Z]+=)", blocks, flags=re.MULTILINE):
        if call.startswith("curl ") and (url := re.search(r'"\$(?:API|HOST)(/[^"?]+)', call)):
            method = re.search(r"\s-X (\w+)\s", call)
            sends = re.search(r"\s(-d|--data-binary)\s", call)
            shown.add((method[1] if method else "POST" if sends else "GET", re.sub(r"\$[A-Z]+", "{id}", url[1])))
    assert shown == served[vertical.path]


@of_each
def test_every_code_named_is_one_that_is_given(vertical: Described) -> None:
    folders = (ROOT / "platform" / "src", vertical.folder / "src")
    sources = "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py"))
    codes = set(re.findall(r"\b[45]\d\d `(\w+)`", vertical.page))
    assert len(codes) >= vertical.fewest_codes
    assert {code for code in codes if f'"{code}"' not in sources} == set()


@of_each
def test_the_readme_has_the_five_headings(vertical: Described) -> None:
    readme = (vertical.folder / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", readme, re.MULTILINE) == ["What it does", "Records", "Tasks", "Routes", "Develop"]


@pytest.mark.parametrize(
    "page",
    ["docs/concepts.md", "docs/decisions.md", "CONTRIBUTING.md",
     *(f"docs/{each.path}.md" for each in VERTICALS),
     *(f"plugins/{each.path.replace('-', '_')}/README.md" for each in VERTICALS)],
)  # fmt: skip
def test_links_lead_somewhere(page: str) -> None:
    here = ROOT / page
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", here.read_text(encoding="utf-8")):
        assert (here.parent / target).exists(), target
