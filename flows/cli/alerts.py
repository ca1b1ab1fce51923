"""Commands about alerts: ack, mute, test-alert, deliver, digest."""

from datetime import datetime
from typing import Annotated

import typer

from driftloop.alerts.responses import Acknowledged, DeliveryReport, Muted, TestAlert
from driftloop.base.errors import AlertError, DataError
from driftloop.base.periods import parse_span, parse_time
from driftloop.base.workspace import Workspace
from flows.cli.command import command
from flows.cli.display.alerts import channels_view, delivery_view
from flows.cli.display.show import sentence_view
from flows.cli.options import AsOf, Name, configured_job, time_of
from flows.cli.session import running, waiting

By = Annotated[str, typer.Option(help="Your name, for those who read the message.")]


@command(sentence_view)
def ack(
    place: Workspace,
    name: Name,
    by: By = "",
    comment: Annotated[str, typer.Option(help="What others may want to know.")] = "",
    not_a_problem: Annotated[
        bool, typer.Option("--not-a-problem", help="You see no problem in it; kept as feedback.")
    ] = False,
) -> Acknowledged:
    """Take on a model's open incident, so that others know."""
    configured_job(place, name)
    with running(f"Acknowledging {name}", name):
        from flows.alerts import acknowledge as flow

        return flow(name, _person(by), comment, str(place.root), not_a_problem)


@command(sentence_view)
def mute(
    place: Workspace,
    name: Name,
    until: Annotated[
        str | None, typer.Option(help="Date, time, or how long, such as '2 days'.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="End the mute at once.")] = False,
    by: By = "",
) -> Muted:
    """Hold back a model's messages until a moment; they are sent afterwards."""
    end = None if off else _end(until)
    configured_job(place, name)
    with running(f"Muting {name}", name):
        from flows.alerts import mute as flow

        return flow(name, end, _person(by), str(place.root))


@command(channels_view)
def test_alert(place: Workspace, name: Name) -> TestAlert:
    """Send a message that is marked as a test through every channel of a model."""
    configured_job(place, name)
    with running(f"Testing the channels of {name}", name):
        from flows.alerts import try_alert as flow

        return flow(name, str(place.root))


@command(delivery_view, services=True)
def deliver(place: Workspace) -> DeliveryReport:
    """Send the waiting messages of all models: after an outage, quiet hours or a mute."""
    with waiting("Delivering"):
        from flows.alerts import deliver as flow

        return flow(str(place.root))


@command(delivery_view, services=True)
def digest(place: Workspace, as_of: AsOf = None) -> DeliveryReport:
    """Send every channel the week's digest: a line on each of its models."""
    with waiting("Writing the digest"):
        from flows.alerts import digest as flow

        return flow(time_of(as_of), str(place.root))


def _person(by: str) -> str:
    """Return the person: the one given, else the user of this terminal."""
    import getpass

    try:
        return by or getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        return by


def _end(until: str | None) -> datetime:
    """Return the moment that a date, a time or a duration stands for.

    Raises:
        AlertError: if it stands for none.
    """
    from tasks.runtime import clock

    if until is None:
        raise AlertError("mute needs --until DATE, --until '2 days', or --off to end it")
    try:
        return parse_span(until).after(clock.now())
    except ValueError:
        pass
    try:
        return parse_time(until)
    except DataError:
        raise AlertError(
            f"--until: received {until!r}; valid: a date such as 2026-03-02, a time such as "
            "2026-03-02T06:00:00+00:00, or a duration such as '2 days' or '4 hours'"
        ) from None
