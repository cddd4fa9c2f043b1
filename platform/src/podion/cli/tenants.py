"""`podion tenant …`: on the database directly, with or without a server running."""

from typing import Annotated

import typer

from podion.cli.output import Json, show, told

app = typer.Typer(help="Create, list, disable, delete and export tenants.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="the tenant's name: a-z, 0-9 and dashes")]


@app.command()
def create(
    name: Name,
    enable: Annotated[str, typer.Option(help="verticals to enable, separated by commas")] = "",
    as_json: Json = False,
) -> None:
    """Create a tenant; its first key is shown once."""
    from podion.catalogue.catalogue import load_plugins
    from podion.cli.state import opened
    from podion.storage import audit
    from podion.storage.enablements import put
    from podion.tenancy.tenants import create as create_tenant
    from podion.vertical import config_defaults

    with told(), opened() as database:
        wanted = [part.strip() for part in enable.split(",") if part.strip()]
        catalogue = load_plugins() if wanted else None
        verticals = [catalogue.vertical(part) for part in wanted] if catalogue else []
        with database.writing() as c:
            row, key, secret = create_tenant(c, name)
            for vertical in verticals:
                put(c, row.id, vertical.name, config_defaults(vertical))
            audit.add(c, row.id, "operator", "tenant.create", row.id, {"name": name})
    result = {
        "tenant": row.id,
        "name": row.name,
        "key_id": key.id,
        "key": secret,
        "enabled": [vertical.name for vertical in verticals],
    }
    show(
        result,
        as_json=as_json,
        lines=[
            f"tenant   {row.name} ({row.id})",
            f"enabled  {', '.join(v.name for v in verticals) or 'nothing yet'}",
            f"key      {secret}   (shown once: keep it)",
        ],
    )


@app.command("list")
def list_tenants(as_json: Json = False) -> None:
    """List every tenant."""
    from podion.cli.state import opened
    from podion.storage import tenants

    rows = []
    with told(), opened() as database, database.reading() as c:
        after = None
        while batch := tenants.page(c, after, 200):
            rows.extend(batch)
            after = batch[-1].id
    data = [
        {
            "tenant": row.id,
            "name": row.name,
            "created_at": row.created_at.isoformat(),
            "disabled": row.disabled_at is not None,
        }
        for row in rows
    ]
    lines = [f"{row.name:<32} {row.id}  {'disabled' if row.disabled_at else 'active'}" for row in rows]
    show({"data": data}, as_json=as_json, lines=lines or ["no tenants yet: podion tenant create NAME"])


@app.command()
def disable(name: Name, as_json: Json = False) -> None:
    """Refuse every key of a tenant; its data stays."""
    from podion.cli.state import named, opened
    from podion.storage import audit, tenants

    with told(), opened() as database, database.writing() as c:
        row = named(c, name)
        tenants.disable(c, row.id)
        audit.add(c, row.id, "operator", "tenant.disable", row.id)
    show({"tenant": row.id, "disabled": True}, as_json=as_json, lines=[f"{name} is disabled"])


@app.command()
def delete(
    name: Name, yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False, as_json: Json = False
) -> None:
    """Remove a tenant: every row and every file."""
    from podion.cli.state import named, opened
    from podion.settings import load_settings
    from podion.storage import tenants
    from podion.storage.files import Files

    if not yes:
        typer.confirm(f"Remove everything of {name}?", abort=True, err=True)
    with told(), opened() as database:
        with database.writing() as c:
            row = named(c, name)
            tenants.delete(c, row.id)
        Files(load_settings().files).delete_tenant(row.id)
        database.wipe()
    show({"tenant": row.id, "deleted": True}, as_json=as_json, lines=[f"{name} is gone"])


@app.command()
def export(name: Name, as_json: Json = False) -> None:
    """Write everything of a tenant to a file (not in this version)."""
    from podion.errors import NotBuilt

    with told():
        raise NotBuilt(
            f"tenant export ({name}) comes with a later version; adapters can be taken home one by one: "
            "GET /v1/<vertical>/adapters/{id}/export"
        )
