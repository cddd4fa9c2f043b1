"""`podion bases …`: base models on this machine."""

from typing import Annotated

import typer

from podion.cli.output import Bar, Json, say, show, told

app = typer.Typer(help="List and install base models.", no_args_is_help=True)


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List the bases that can be installed by name and those that are."""
    from podion.hosting.bases import list_bases
    from podion.hosting.sources import KNOWN
    from podion.settings import load_settings

    with told():
        installed = {base.name: base.languages for base in list_bases(load_settings().bases)}
    offered = {name: known.languages for name, known in KNOWN.items()}
    every = sorted((offered | installed).items())
    data = [{"name": name, "installed": name in installed, "languages": list(speaks)} for name, speaks in every]
    lines = [
        f"{name:<16} {'installed' if name in installed else f'podion bases install {name}':<34} "
        f"{', '.join(speaks[:6]) or 'languages unknown'}"
        for name, speaks in every
    ]
    show({"data": data}, as_json=as_json, lines=lines)


@app.command()
def install(
    name: Annotated[str, typer.Argument(help="minilm-l6, me5-small, a local folder or a hub id")], as_json: Json = False
) -> None:
    """Install a base model, once; an interrupted installation goes on where it stopped."""
    from podion.hosting.bases import install_base
    from podion.settings import load_settings

    bar = Bar()
    with told():
        base = install_base(name, load_settings().bases, bar.update)
    bar.close()
    say(f"✓ {base.name} is installed")
    show(
        {"name": base.name, "fingerprint": base.fingerprint, "path": str(base.path)},
        as_json=as_json,
        lines=[f"{base.name}  {base.fingerprint}  {base.path}"],
    )
