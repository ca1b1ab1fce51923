"""A Slack channel by incoming webhook: one message per event, without threads or updates."""

from dataclasses import dataclass, field

from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.message import SMALL_STEPS, Kind, OutgoingMessage, Receipt
from tasks.alerts.senders import base
from tasks.alerts.senders.base import Sender
from tasks.alerts.senders.slack.calls import careful_retries, content_of, quiet_logger
from tasks.alerts.senders.slack.errors import one_line_errors, refused


@dataclass(frozen=True, slots=True)
class SlackWebhookSender(Sender):
    """Posts to the channel of a Slack incoming webhook.

    Nobody can ask a webhook what it has. What was lost in between is sent again by the next run,
    and may then be there twice.
    """

    channel: SlackChannel
    url: str = field(repr=False)

    def wants(self, kind: Kind) -> bool:
        return kind not in SMALL_STEPS

    def send(self, outgoing: OutgoingMessage) -> Receipt:
        """Post the message and return the key as its receipt, for a webhook gives no timestamp."""
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
