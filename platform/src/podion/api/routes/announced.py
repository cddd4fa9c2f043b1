"""Routes that the interfaces announce and this version does not have: a clear word instead of a bare 404."""

from fastapi import APIRouter

from podion.api.access import AnyKey
from podion.errors import NotBuilt

router = APIRouter(include_in_schema=False)


@router.api_route("/v1/collections", methods=["GET", "POST", "DELETE"], response_model=None)
@router.api_route("/v1/collections/{rest:path}", methods=["GET", "POST", "DELETE"], response_model=None)
async def collections(identity: AnyKey) -> None:
    """Say that collections come later."""
    raise NotBuilt("collections and search are not in this version of podion: see CHANGELOG.md")
