"""`podion`: the commands, each in a module of its own."""

import os
import sys

import typer

from podion.cli import bases, keys, offline, plugins, serve, state, tenants
from podion.cli.output import told


def build() -> typer.Typer:
    """Return the command line without the commands of plugins."""
    app = typer.Typer(
        name="podion",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="One base model, many verticals: hosting, fine-tuning and retrieval for every tenant.",
    )
    app.command("demo")(serve.demo)
    app.command("serve")(serve.serve)
    app.command("doctor")(plugins.doctor)
    offline.add(app)
    state.add(app)
    app.add_typer(tenants.app, name="tenant")
    app.add_typer(keys.app, name="key")
    app.add_typer(bases.app, name="bases")
    app.add_typer(plugins.app, name="plugins")
    return app


def run() -> None:
    """Run the command line; plugins are loaded only when the first word is no command of ours."""
    # Compute threads that spin while they wait starve each other as soon as two processes share the cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    app = build()
    first = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    if first is not None and first not in _names(app):
        from podion.catalogue.catalogue import load_plugins

        with told():
            load_plugins(only=first.replace("-", "_")).add_commands(app)
    app(prog_name="podion")


def _names(app: typer.Typer) -> set[str | None]:
    return {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
