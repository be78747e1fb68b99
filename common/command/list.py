"""The `list` command: lists all networks and their costs."""

from common.command import documents, show
from common.command.app import app
from common.command.options import AsJson
from common.networks import NETWORKS, network
from common.spec.planner import make_plan


@app.command("list")
def list_networks(json: AsJson = False) -> None:
    """List all networks and their costs."""
    plans = [make_plan(network(name)) for name in NETWORKS]
    if json:
        documents.print_json([documents.totals_json(each) for each in plans])
    else:
        show.print_table(show.list_table(plans))
