"""The command line: one name, every part with its own help."""

import importlib

import typer

app = typer.Typer(
    name="street110",
    help="Real-time patrol and alarm dispatch: from button to street in milliseconds.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)

GROUPS = {
    "geo": ("street110.cli_geo", "Road graphs: import, inspect, ask."),
    "district": ("street110.cli_district", "District books: check, show, begin a new one."),
    "journal": ("street110.cli_journal", "The journal: verify, replay, tail."),
    "mqtt": ("street110.cli_mqtt", "The MQTT contract: AsyncAPI and broker ACLs."),
}
for group, (module, about) in GROUPS.items():
    app.add_typer(importlib.import_module(module).app, name=group, help=about)


def main() -> None:
    """Entry point of the `street110` command."""
    app()
