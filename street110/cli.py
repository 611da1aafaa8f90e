"""The command line: one name, every part with its own help."""

import typer

from street110 import (
    cli_audit,
    cli_device,
    cli_district,
    cli_geo,
    cli_journal,
    cli_mqtt,
    cli_plan,
    cli_user,
)
from street110.cli_demo import demo
from street110.cli_faults import faults
from street110.cli_load import load
from street110.cli_serve import serve
from street110.cli_simulate import simulate

app = typer.Typer(
    name="street110",
    help="Real-time patrol and alarm dispatch: from button to street in milliseconds.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command()(demo)
app.command()(serve)
app.command()(simulate)
app.command()(load)
app.command()(faults)
app.command(name="explain")(cli_journal.explain)
app.add_typer(cli_district.app, name="district", help="District books: check and show.")
cli_journal.app.command()(cli_audit.search)
app.add_typer(cli_journal.app, name="journal", help="The journal: verify, replay, tail, search.")
app.add_typer(cli_plan.app, name="plan", help="Response plans: check, and try on a board.")
app.add_typer(cli_audit.muster_app, name="muster", help="Musters: who answers, how fast.")
app.add_typer(cli_audit.exchange_app, name="exchange", help="Incidents as CAP and EIDO-JSON.")
app.add_typer(cli_geo.app, name="geo", help="Road graphs: import, inspect, ask.")
app.add_typer(cli_geo.map_app, name="map", help="Pictures of road graphs.")
app.add_typer(cli_device.app, name="device", help="Devices: enrol, list, revoke, decode.")
app.add_typer(cli_user.app, name="user", help="Who may use the console: add, list, passwd.")
app.command(name="openapi")(cli_user.openapi)
app.add_typer(cli_mqtt.app, name="mqtt", help="The MQTT contract: AsyncAPI and broker ACLs.")


def main() -> None:
    """Entry point of the `street110` command."""
    app()
