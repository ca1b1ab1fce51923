"""The command line: a thin front over the flows.

Prefect, MLflow and the rest are imported inside the commands, so that help and errors are quick
and the environment is set first.
"""

import typer

from flows.cli.alerts import ack, deliver, digest, mute, try_alert
from flows.cli.backtest import backtest
from flows.cli.data import init, snapshot
from flows.cli.demo import demo
from flows.cli.monitoring import bootstrap, monitor, retrain, status
from flows.cli.promotion import approve, ledger, rollback
from flows.cli.reports import dashboard, history, metrics, report
from flows.cli.stack import backup, deploy, down, restore, stack, up

COMMANDS = (
    *(init, monitor, retrain, bootstrap, status, demo),
    *(rollback, approve, ledger),
    *(ack, mute, try_alert, deliver, digest),
    *(backtest, deploy, metrics),
    *(report, history, dashboard),
    *(snapshot, up, down, stack, backup, restore),
)

app = typer.Typer(
    name="driftloop",
    help="Watches models for drift, retrains on evidence, promotes only what is proven better.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for _command in COMMANDS:
    app.command("test-alert" if _command is try_alert else None)(_command)


def main() -> None:
    """Run the command line."""
    app()
