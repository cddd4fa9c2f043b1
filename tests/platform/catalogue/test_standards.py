"""Routes of a standard at the root: which declarations are taken, and two plugins that want the same place."""

from typing import Any

import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from podion import LabelHead, Standard, Task, Vertical, requires
from podion.catalogue.route_checks import HOST_ROOTS, api_routes, route_problems


class Remark(BaseModel):
    """A remark."""

    text: str
    label: str | None = None


def router(**route: Any) -> APIRouter:
    """Return a router with one route behind a scope."""
    made = APIRouter(**({"dependencies": [requires("predict")]} | route))

    @made.get("/{service}")
    async def get_service(service: str) -> Remark:
        return Remark(text=service)

    return made


def vertical(*standards: Any) -> Vertical:
    """Return a vertical that brings standards."""
    task = Task(name="judge", record=Remark, head=LabelHead())
    return Vertical(name="praise", title={"en": "a", "zh": "b"}, tasks=(task,), standards=standards)


def causes(*standards: Any) -> str:
    """Return everything that is wrong with standards."""
    return " ".join(problem.cause for problem in route_problems(vertical(*standards)))


def test_a_sound_standard_is_taken_and_its_routes_are_looked_at_like_others() -> None:
    sound = Standard(name="CDS Hooks", prefix="/cds-services", router=router())
    assert causes(sound) == ""
    assert [route.path for route in api_routes(vertical(sound))] == ["/{service}"]


NO_PLACES = ["", "/", "cds", "/CDS", "/a/b", "/a_b", "/a b", "/../etc", "/{tenant}", "/a-"]


@pytest.mark.parametrize("prefix", [*NO_PLACES, *sorted(f"/{root}" for root in HOST_ROOTS)])
def test_a_place_that_is_none_or_the_platforms_own_is_refused(prefix: str) -> None:
    assert repr(prefix) in causes(Standard(name="x", prefix=prefix, router=router()))


def test_its_routes_need_scopes_and_responses_and_no_tenant() -> None:
    assert "has no scope" in causes(Standard(name="x", prefix="/x", router=router(dependencies=[])))
    asked = APIRouter(dependencies=[requires("predict")])

    @asked.get("/y")
    async def get_y(tenant: str) -> Remark:
        return Remark(text=tenant)

    assert "takes 'tenant'" in causes(Standard(name="x", prefix="/x", router=asked))


def test_what_is_no_standard_is_told() -> None:
    assert "podion.Standard is allowed" in causes("CDS Hooks")
    assert "fastapi.APIRouter is allowed" in causes(Standard(name="x", prefix="/x", router="no router"))  # type: ignore[arg-type]
    assert "has no name" in causes(Standard(name=" ", prefix="/x", router=router()))


@pytest.mark.parametrize(("one", "other", "ready"), [("/x", "/x", []), ("/x", "/y", ["first", "second"])])
def test_two_plugins_at_one_place_are_both_quarantined(shelf: Any, one: str, other: str, ready: list[str]) -> None:
    shelf.add("first", standing_at("first", one))
    shelf.add("second", standing_at("second", other))
    catalogue = shelf.load()
    assert sorted(catalogue.verticals) == ready
    if not ready:
        assert all("claimed by first and second" in str(plugin.error) for plugin in catalogue.plugins)


def standing_at(name: str, prefix: str) -> str:
    """Return the code of a plugin with a standard."""
    return f"""
from fastapi import APIRouter
from podion import LabelHead, Standard, Task, Vertical, hookimpl, requires
from pydantic import BaseModel

class Remark(BaseModel):
    text: str
    label: str | None = None

router = APIRouter(dependencies=[requires("predict")])

@router.get("/z")
async def get_z() -> Remark:
    return Remark(text="z")

@hookimpl
def register_vertical():
    task = Task(name="t", record=Remark, head=LabelHead())
    return Vertical(name={name!r}, title={{"en": "a", "zh": "b"}}, tasks=(task,),
                    standards=(Standard(name="s", prefix={prefix!r}, router=router),))
"""
