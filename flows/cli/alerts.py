"""Commands about alerts: ack, mute, test-alert, deliver, digest."""

from datetime import datetime
from typing import Annotated

import typer

from driftloop.base.errors import AlertError, DataError
from driftloop.base.periods import parse_span, parse_time
from driftloop.reporting.json.alerts import AckOutput, DeliverOutput, MuteOutput, TestAlertOutput
from flows.cli.display.results import outcome, show_result
from flows.cli.options import AsOf, Folder, Json, Name, Verbose, named, place_of
from flows.cli.session import reporting, running, waiting

app = typer.Typer()
By = Annotated[str, typer.Option(help="Who asks; people read it in the message.")]


@app.command()
def ack(
    name: Name,
    by: By = "",
    comment: Annotated[str, typer.Option(help="What others may want to know.")] = "",
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Take on a model's open incident, so that others know."""
    with reporting(verbose):
        job = named(name, workspace, verbose)
        with running(f"Acknowledging {name}", name):
            from flows.alerts import acknowledge as flow

            root = str(job.workspace.root)
            ack_output = outcome(lambda: flow(name, _person(by), comment, root), AckOutput.of, json)
    show_result(ack_output, json)


@app.command()
def mute(
    name: Name,
    until: Annotated[
        str | None, typer.Option(help="Date, time, or how long, such as '2 days'.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Speak again, at once.")] = False,
    by: By = "",
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Hold back a model's messages until a moment; they are sent afterwards."""
    with reporting(verbose):
        end = None if off else _end(until)
        job = named(name, workspace, verbose)
        with running(f"Muting {name}", name):
            from flows.alerts import mute as flow

            root = str(job.workspace.root)
            mute_output = outcome(lambda: flow(name, end, _person(by), root), MuteOutput.of, json)
    show_result(mute_output, json)


@app.command("test-alert")
def try_alert(
    name: Name, workspace: Folder = None, json: Json = False, verbose: Verbose = False
) -> None:
    """Send a message that is marked as a test through every channel of a model."""
    with reporting(verbose):
        job = named(name, workspace, verbose)
        with running(f"Testing the channels of {name}", name):
            from flows.alerts import try_alert as flow

            root = str(job.workspace.root)
            test_alert_output = outcome(lambda: flow(name, root), TestAlertOutput.of, json)
    show_result(test_alert_output, json)


@app.command()
def deliver(workspace: Folder = None, json: Json = False, verbose: Verbose = False) -> None:
    """Send what waits of any model: after an outage, quiet hours or a mute."""
    with reporting(verbose):
        root = str(place_of(workspace, verbose).root)
        with waiting("Delivering"):
            from flows.alerts import deliver as flow

            deliver_output = outcome(lambda: flow(root), DeliverOutput.of, json)
    show_result(deliver_output, json)


@app.command()
def digest(
    as_of: AsOf = None, workspace: Folder = None, json: Json = False, verbose: Verbose = False
) -> None:
    """Send every channel the week's digest: a line on each of its models."""
    with reporting(verbose):
        moment = parse_time(as_of) if as_of else None
        root = str(place_of(workspace, verbose).root)
        with waiting("Writing the digest"):
            from flows.alerts import digest as flow

            deliver_output = outcome(lambda: flow(moment, root), DeliverOutput.of, json)
    show_result(deliver_output, json)


def _person(by: str) -> str:
    """Return who asks: as told, else the user of this terminal."""
    import getpass

    try:
        return by or getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        return by


def _end(until: str | None) -> datetime:
    """Return the moment that a date, a time or a length of time names.

    Raises:
        AlertError: if it names none.
    """
    from tasks.runtime import clock

    if until is None:
        raise AlertError("mute needs --until DATE, --until '2 days', or --off to speak again")
    try:
        return parse_span(until).after(clock.now())
    except ValueError:
        pass
    try:
        return parse_time(until)
    except DataError:
        raise AlertError(
            f"--until: received {until!r}; valid: a date such as 2026-03-02, a time such as "
            "2026-03-02T06:00:00+00:00, or a length of time such as '2 days' or '4 hours'"
        ) from None
