"""Requests of people: acknowledge an incident, mute a model, send a test."""

from datetime import datetime

from driftloop.alerts.channels import Channel
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.incident import Acknowledgement
from driftloop.alerts.message import OutgoingMessage
from driftloop.alerts.messages.channel_test import alert_test_message
from driftloop.alerts.messages.wording import count
from driftloop.alerts.posts import acknowledge, mute
from driftloop.alerts.responses import Acknowledged, ChannelTest, Muted, TestAlert
from driftloop.base.errors import AlertError, DeliveryError
from driftloop.base.periods import format_time
from tasks.alerts.senders import sender_for
from tasks.alerts.senders.console import ConsoleSender
from tasks.alerts.write import UndeliveredError, console, routing_of
from tasks.coordination.alert_store import change_alerts
from tasks.coordination.documents import open_documents
from tasks.runtime import clock
from tasks.runtime.job import Job
from tasks.runtime.step import step

NOBODY = "someone"
_ONLY_HERE = (
    "only shown here, because {token_variable} and {webhook_variable} are not set; put a bot token "
    "or a webhook's address there, or in the Secret blocks {token_secret} or {webhook_secret}"
)


@step("acknowledge incident", retries=2)
def acknowledge_incident(
    job: Job, by: str, comment: str, not_a_problem: bool = False
) -> Acknowledged:
    """Record who takes on the model's open incident, and write a message about it.

    Raises:
        AlertError: if no incident is open.
    """
    routing = routing_of(job)
    acknowledgement = Acknowledgement(
        by.strip() or NOBODY, routing.now, comment.strip(), not_a_problem
    )
    state = change_alerts(
        open_documents(job.workspace),
        job.model,
        lambda old: acknowledge(old, job.model, acknowledgement, routing),
    )
    incident = state.open
    if incident is None:
        raise AlertError(f"the incident of {job.model} was resolved in the meantime; none is open")
    did = "sees no problem in" if not_a_problem else "took on"
    sentence = f"{acknowledgement.by} {did} incident {incident.number} of {job.model}."
    who = acknowledgement.by
    return Acknowledged(job.model, incident.number, incident.since, who, sentence, not_a_problem)


@step("mute alerts", retries=2)
def mute_alerts(job: Job, until: datetime | None, by: str) -> Muted:
    """Hold back a model's messages until a moment, or no longer where it is None.

    Raises:
        AlertError: if the moment is in the past.
    """
    now = clock.now()
    if until is not None and until <= now:
        raise AlertError(
            f"until: received {format_time(until)} UTC, which is in the past; give a time after "
            f"{format_time(now)} UTC"
        )
    state = change_alerts(
        open_documents(job.workspace), job.model, lambda old: mute(old, until, by.strip() or NOBODY)
    )
    sentence = f"{job.model} is not muted; waiting messages are sent."
    if until is not None:
        sentence = (
            f"{job.model} is muted until {format_time(until)} UTC; incidents are still tracked, "
            "and their messages are sent afterwards."
        )
    return Muted(job.model, until, len(state.posts), sentence)


@step("send test alert")
def try_channels(job: Job) -> TestAlert:
    """Send a message that is marked as a test through every channel, and return the results.

    Neither quiet hours nor a mute hold it back, and a channel that fails does not stop the others.

    Raises:
        UndeliveredError: with the record, where a channel could not be reached.
    """
    tests = tuple(_try(job, channel) for channel in job.config.alerts.channels)
    failed = [test for test in tests if not test.delivered]
    reached = len(tests) - len(failed)
    sentence = f"The test of {job.model} reached {reached} of {count(len(tests), 'channel')}."
    test_alert = TestAlert(job.model, tests, sentence)
    if failed:
        why = "; ".join(f"{test.channel}: {test.sentence}" for test in failed)
        raise UndeliveredError(f"{sentence} {why}", test_alert)
    return test_alert


def _try(job: Job, channel: Channel) -> ChannelTest:
    message = alert_test_message(job.model, channel.key, clock.now())
    try:
        sender = sender_for(channel, console(), job.workspace.state)
        sender.send(OutgoingMessage(message.key, "test", message))
    except DeliveryError as error:
        return ChannelTest(channel.key, False, str(error))
    if isinstance(channel, SlackChannel) and isinstance(sender, ConsoleSender):
        return ChannelTest(channel.key, False, _ONLY_HERE.format(**channel.model_dump()))
    return ChannelTest(channel.key, True, "The test message was accepted.")
