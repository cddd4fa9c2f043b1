"""Vectors by the shared base, as OpenAI's clients ask for them: `POST /v1/embeddings`, `GET /v1/models`."""

import asyncio
import base64
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from podion.api.access import AnyKey, PredictKey
from podion.api.replays import replayable
from podion.api.services import Services, services_of
from podion.errors import DataError, Fault, NotFound, TooLarge
from podion.hosting.base_card import read_config
from podion.hosting.bases import InstalledBase, find_base, find_named_base, list_bases
from podion.hosting.protocol import TextKind
from podion.hosting.reader import Reader
from podion.tenancy.usage import Meter, record

router = APIRouter(tags=["embeddings"])

MOST_TEXTS = 2_048
"""Texts of one request, as many as OpenAI's own service takes."""

_OWNER = "podion"


class EmbeddingRequest(BaseModel):
    """What OpenAI's clients send; fields of theirs that mean nothing here, such as `user`, are passed over."""

    input: Any = Field(
        description="a text, or a list of up to 2,048; lists of token numbers are refused",
        examples=["where is my parcel"],
        json_schema_extra={
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "minItems": 1, "maxItems": MOST_TEXTS, "items": {"type": "string", "minLength": 1}},
            ]
        },
    )
    model: str | None = Field(default=None, max_length=200, description="an installed base; null: the server's own")
    encoding_format: Literal["float", "base64"] = Field(
        default="float", description="base64: of little-endian 32-bit floats"
    )
    dimensions: int | None = Field(default=None, ge=1, description="only the base's own width is taken")
    input_type: TextKind = Field(
        default="query", description="ours: whether the texts are searched with (query) or to be found (passage)"
    )


class EmbeddingOut(BaseModel):
    """The vector of one text, of length 1: near in meaning is near by dot product."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    """Tokens that the base has read: its prefix and special tokens are among them, what it cut off is not."""

    prompt_tokens: int
    total_tokens: int


class Embeddings(BaseModel):
    """One vector a text, in the order sent."""

    object: Literal["list"] = "list"
    data: list[EmbeddingOut]
    model: str
    usage: EmbeddingUsage


class ModelOut(BaseModel):
    """A base model that is installed here."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(description="when it was installed, in seconds since 1970")
    owned_by: str = _OWNER


class ModelList(BaseModel):
    """The base models that are installed here."""

    object: Literal["list"] = "list"
    data: list[ModelOut]


@router.post("/v1/embeddings", response_model=Embeddings, dependencies=[Depends(replayable)])
async def create_embeddings(request: Request, identity: PredictKey, body: EmbeddingRequest) -> JSONResponse:
    """Return one vector of length 1 a text, by an installed base (the server's, where none is named).

    OpenAI's clients work unmodified with `base_url` set to this server's `/v1`; metered by the text.
    """
    services = services_of(request)
    texts = _texts(body.input)
    base, tokens = await asyncio.to_thread(_read, services, body, texts)
    vectors = await services.engine.embed(base.name, texts, body.input_type, owner=identity.tenant)
    await services.database.write(lambda c: record(c, identity.tenant, Meter.EMBEDDINGS, len(texts), base.name))
    return JSONResponse(_reply(vectors, body.encoding_format, base.name, tokens))


@router.get("/v1/models")
async def list_models(request: Request, _identity: AnyKey) -> ModelList:
    """List the base models that are installed here, as OpenAI's clients expect it; the server's own comes first."""
    services = services_of(request)
    return ModelList(data=await asyncio.to_thread(_models, services))


@router.get("/v1/models/{model_id:path}")
async def get_model(
    request: Request,
    _identity: AnyKey,
    model_id: Annotated[str, Path(max_length=200, examples=["me5-small"])],
) -> ModelOut:
    """Return an installed base model."""
    return _model(await asyncio.to_thread(_base, services_of(request), model_id))


def _texts(sent: Any) -> list[str]:
    """Return the texts of a request; raises `DataError`, or `TooLarge` above 2,048."""
    if isinstance(sent, str):
        texts: Sequence[Any] = [sent]
    elif isinstance(sent, list) and sent:
        texts = sent
    else:
        raise _refused("/input", "must be a text, or a list of at least one")
    if len(texts) > MOST_TEXTS:
        raise TooLarge(f"{len(texts):,} texts in one request: at most {MOST_TEXTS:,} are allowed")
    for place, text in enumerate(texts):
        at = "/input" if isinstance(sent, str) else f"/input/{place}"
        if isinstance(text, int | float | list):
            raise _refused(
                at, "is token numbers of another model's tokenizer, which mean nothing here: send texts", "token_ids"
            )
        if not isinstance(text, str) or not text or not _is_unicode(text):
            raise _refused(at, "must be a text of at least one character, in Unicode")
    return list(texts)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell
        return False
    return True


def _refused(pointer: str, detail: str, code: str = "bad_request") -> DataError:
    return DataError(f"{pointer} {detail}", code=code, faults=[Fault(pointer, detail)])


def _base(services: Services, name: str | None) -> InstalledBase:
    settings = services.settings
    try:
        return find_named_base(name or settings.base, settings.base, settings.bases)
    except NotFound as error:
        raise NotFound(f"{error.detail}; GET /v1/models lists those there are", code="no_such_base") from error


def _read(services: Services, body: EmbeddingRequest, texts: Sequence[str]) -> tuple[InstalledBase, int]:
    """Return the base that is asked for, and how many tokens it reads; it looks at files, so in a thread."""
    base = _base(services, body.model)
    width = read_config(base.path)["hidden_size"] if body.dimensions is not None else None
    if body.dimensions != width:
        told = f"is {body.dimensions}: vectors of {base.name} have {width}, and are not cut"
        raise _refused("/dimensions", told, "dimensions")
    return base, _reader(base).count(texts, base.passage_prefix if body.input_type == "passage" else base.prefix)


@lru_cache(maxsize=8)
def _reader(base: InstalledBase) -> Reader:
    return Reader(base)


def _reply(vectors: NDArray[np.float32], form: str, model: str, tokens: int) -> dict[str, Any]:
    rows: Sequence[Any] = vectors.tolist()
    if form == "base64":
        rows = [base64.b64encode(row.tobytes()).decode("ascii") for row in vectors.astype("<f4", copy=False)]
    data = [{"object": "embedding", "index": place, "embedding": row} for place, row in enumerate(rows)]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": model, "usage": usage}


def _models(services: Services) -> list[ModelOut]:
    settings = services.settings
    own = find_base(settings.base, settings.bases)
    return [_model(base) for base in (own, *list_bases(settings.bases)) if base is own or base.name != own.name]


def _model(base: InstalledBase) -> ModelOut:
    return ModelOut(id=base.name, created=int((base.path / "config.json").stat().st_mtime))
