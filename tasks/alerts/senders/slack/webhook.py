"""A Slack channel by incoming webhook: one message an event, without threads or updates."""

from dataclasses import dataclass, field

from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.incident import Receipt
from driftloop.alerts.message import SMALL_STEPS, Kind
from driftloop.alerts.outgoing import OutgoingMessage
from tasks.alerts.senders import base
from tasks.alerts.senders.base import ThreadlessSender
from tasks.alerts.senders.slack.blocks import content_of
from tasks.alerts.senders.slack.errors import one_line_errors, quiet_logger, refused
from tasks.alerts.senders.slack.retries import careful_retries


@dataclass(frozen=True, slots=True)
class SlackWebhookSender(ThreadlessSender):
    """Posts to the channel of a Slack incoming webhook.

    Nobody can ask a webhook what it has. What was lost in between is sent again by the next run,
    and may then be there twice.
    """

    channel: SlackChannel
    url: str = field(repr=False)

    def wants(self, kind: Kind) -> bool:
        """Take everything but the small steps that belong in a thread."""
        return kind not in SMALL_STEPS

    def send(self, outgoing: OutgoingMessage) -> Receipt:
        """Post the message and return the key as its receipt, for a webhook gives no timestamp.

        Raises:
            DeliveryError: if Slack refused it or did not answer.
        """
        from slack_sdk.webhook import WebhookClient

        client = WebhookClient(
            self.url,
            timeout=base.TIMEOUT,  # type: ignore[arg-type]  # urllib takes fractions too
            retry_handlers=careful_retries(),
            logger=quiet_logger(),
        )
        with one_line_errors(self.channel):
            answer = client.send(
                **content_of(outgoing, self.channel),
                unfurl_links=False,
                unfurl_media=False,
            )
        if answer.status_code != 200:
            raise refused(self.channel, answer.status_code, answer.body)
        return Receipt("webhook", outgoing.key)
