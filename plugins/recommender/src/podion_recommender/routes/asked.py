"""What several routes ask for in the same way."""

from typing import Annotated

from fastapi import Path, Query

from podion_recommender.schema import ID, LONGEST_ID

MOST = 200

Count = Annotated[int, Query(ge=1, le=MOST, description="how many items")]
"""How long a list is to be."""

InCategory = Annotated[str | None, Query(min_length=1, max_length=120, description="only of this category")]
"""The category that a list is to be of."""

UserPath = Annotated[str, Path(min_length=1, max_length=LONGEST_ID, pattern=ID)]
"""A user_id in a route's path."""

Context = Annotated[
    str | None, Query(max_length=1_000, description="what the page is about, in words: a query, a title")
]
"""What the visitor is looking at."""
