"""Checks of a plugin's routes that need no server."""

from podion.catalogue.route_checks import api_routes, declares_response, route_name, scopes_of
from podion.vertical import Vertical


def check_guarded(vertical: Vertical) -> None:
    """Raise `AssertionError` that names a route without a scope or a response model."""
    for route in api_routes(vertical):
        assert scopes_of(route), (
            f'{route_name(route)} has no scope: write dependencies=[requires("predict")] on the router or the route'
        )
        assert declares_response(route), f"{route_name(route)} has no response model: annotate what it returns"


def check_explained(vertical: Vertical) -> None:
    """Raise `AssertionError` that names a route without a docstring."""
    for route in api_routes(vertical):
        assert (route.description or "").strip(), (
            f"{route_name(route)} has no docstring: its first line becomes the route's description in /docs"
        )
