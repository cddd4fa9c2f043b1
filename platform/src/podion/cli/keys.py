"""`podion key …`: a tenant's keys."""

from typing import Annotated

import typer

from podion.cli.output import Json, show, told

app = typer.Typer(help="Create, rotate and revoke a tenant's keys.", no_args_is_help=True)

Tenant = Annotated[str, typer.Argument(help="the tenant's name")]
KeyId = Annotated[str, typer.Argument(help="the key's id, as `GET /v1/keys` lists it")]


@app.command()
def create(
    tenant: Tenant,
    scope: Annotated[list[str], typer.Option(help="predict, data, train, deploy or admin; repeatable")],
    label: Annotated[str, typer.Option(help="what the key is for")] = "",
    as_json: Json = False,
) -> None:
    """Create a key; it is shown once."""
    from podion.cli.state import named, opened
    from podion.errors import DataError
    from podion.storage import audit
    from podion.tenancy.keys import issue
    from podion.vertical import SCOPES

    with told(), opened() as database, database.writing() as c:
        unknown = [name for name in scope if name not in SCOPES]
        if unknown:
            raise DataError(f"scope {unknown[0]!r} is not one of {', '.join(SCOPES)}")
        row = named(c, tenant)
        key, secret = issue(c, row.id, tuple(scope), label, None)
        audit.add(c, row.id, "operator", "key.create", key.id)
    show(
        {"key_id": key.id, "scopes": scope, "key": secret},
        as_json=as_json,
        lines=[f"{key.id}  {', '.join(scope)}", f"{secret}   (shown once: keep it)"],
    )


@app.command()
def rotate(
    tenant: Tenant,
    key_id: KeyId,
    overlap: Annotated[int, typer.Option(help="seconds that the old key still works")] = 86_400,
    as_json: Json = False,
) -> None:
    """Create a key that may do the same; the old one ends after the overlap."""
    from podion.cli.state import named, opened
    from podion.storage import audit
    from podion.tenancy.keys import rotate as rotate_key

    with told(), opened() as database, database.writing() as c:
        row = named(c, tenant)
        key, secret = rotate_key(c, row.id, key_id, overlap)
        audit.add(c, row.id, "operator", "key.rotate", key_id)
    show(
        {"key_id": key.id, "replaces": key_id, "key": secret},
        as_json=as_json,
        lines=[f"{key.id} replaces {key_id}", f"{secret}   (shown once: keep it)"],
    )


@app.command()
def revoke(tenant: Tenant, key_id: KeyId, as_json: Json = False) -> None:
    """End a key now."""
    from podion.cli.state import named, opened
    from podion.storage import audit
    from podion.tenancy.keys import revoke as revoke_key

    with told(), opened() as database, database.writing() as c:
        row = named(c, tenant)
        revoke_key(c, row.id, key_id)
        audit.add(c, row.id, "operator", "key.revoke", key_id)
    show({"key_id": key_id, "revoked": True}, as_json=as_json, lines=[f"{key_id} is revoked"])
