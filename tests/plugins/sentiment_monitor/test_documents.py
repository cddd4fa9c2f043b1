"""The page on monitoring names every route there is, none that is not, and problem codes that exist."""

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from podion.api.app import create_app
from podion.catalogue.catalogue import load_plugins
from podion.catalogue.plugin_record import GROUP
from podion.settings import Settings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "sentiment-monitor.md").read_text(encoding="utf-8")
README = (ROOT / "plugins" / "sentiment_monitor" / "README.md").read_text(encoding="utf-8")
PREFIX = "/v1/sentiment-monitor"


def shortened(path: str) -> str:
    return re.sub(r"\{\w+\}", "{id}", path.removeprefix(PREFIX))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    plugins = load_plugins(entry_points=entry_points(group=GROUP, name="sentiment_monitor"))
    app = create_app(Settings(home=tmp_path_factory.mktemp("home")), plugins)
    return {
        (method.upper(), shortened(path))
        for path, operations in app.openapi()["paths"].items()
        if path.startswith(PREFIX + "/")
        for method in operations
    }


def test_every_route_is_in_a_table(served: set[tuple[str, str]]) -> None:
    named = re.findall(r"`(GET|POST|PUT|DELETE) (/[^`\s]+)`", PAGE)
    assert {(method, path.split("?")[0]) for method, path in named if not path.startswith("/v1/")} == served


def test_every_route_is_shown_with_curl(served: set[tuple[str, str]]) -> None:
    blocks = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))
    shown = set()
    for call in re.split(r"^(?=curl |podion |RULE)", blocks, flags=re.MULTILINE):
        if call.startswith("curl ") and (url := re.search(r'"\$API(/[^"?]+)', call)):
            method = re.search(r"\s-X (\w+)\s", call)
            sends = re.search(r"\s(-d|--data-binary)\s", call)
            shown.add((method[1] if method else "POST" if sends else "GET", re.sub(r"\$[A-Z]+", "{id}", url[1])))
    assert shown == served


def test_every_code_named_is_one_that_is_given() -> None:
    folders = (ROOT / "platform" / "src", ROOT / "plugins" / "sentiment_monitor" / "src")
    sources = "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py"))
    codes = set(re.findall(r"\b[45]\d\d `(\w+)`", PAGE))
    assert len(codes) > 8
    assert {code for code in codes if f'"{code}"' not in sources} == set()


def test_every_setting_of_a_rule_is_told() -> None:
    from podion_sentiment_monitor.rules import RuleDraft

    assert {name for name in RuleDraft.model_fields if f"`{name}`" not in PAGE} <= {"name", "severity", "enabled"}


def test_the_readme_has_the_five_headings() -> None:
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == ["What it does", "Records", "Tasks", "Routes", "Develop"]


@pytest.mark.parametrize("page", ["docs/sentiment-monitor.md", "plugins/sentiment_monitor/README.md"])
def test_links_lead_somewhere(page: str) -> None:
    here = ROOT / page
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", here.read_text(encoding="utf-8")):
        assert (here.parent / target).exists(), target
