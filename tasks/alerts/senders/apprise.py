"""Any service by Apprise: a message per event, as text."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from driftloop.alerts.channels.apprise import AppriseChannel
from driftloop.alerts.message import SMALL_STEPS, Kind, OutgoingMessage, Receipt, Severity
from driftloop.alerts.messages.formats.plain_text import title, to_text
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders.base import RefusedError, Sender

_TYPES: Mapping[Severity, str] = {
    "page": "failure",
    "warning": "warning",
    "info": "info",
    "good": "success",
}


@dataclass(frozen=True, slots=True)
class AppriseSender(Sender):
    """Hands messages to Apprise, which says no more than whether the service took one."""

    channel: AppriseChannel
    url: str = field(repr=False)

    def wants(self, kind: Kind) -> bool:
        """Return whether messages of this kind are sent here: no small steps, as in a thread."""
        return kind not in SMALL_STEPS

    def send(self, outgoing: OutgoingMessage) -> Receipt:
        """Send a message; one that may have arrived without an answer is sent again.

        Raises:
            RefusedError: if the address is none that Apprise knows.
            DeliveryError: if the service did not take the message.
        """
        from apprise import Apprise, AppriseAsset, NotifyFormat
        from apprise.logger import logger

        logger.disabled = True  # what it logs may hold the address
        where = f"{self.channel.url_variable} or the Secret block {self.channel.url_secret}"
        service = Apprise(asset=AppriseAsset(app_id="driftloop", async_mode=False))
        if not service.add(self.url):
            raise RefusedError(
                f"Apprise does not know the address of {self.channel.name!r}; check {where}: it "
                "begins with the name of the service, such as msteams://, discord:// or opsgenie://"
            )
        message = outgoing.message
        head, body = title(message), to_text(message)
        sent = service.notify(
            title=head,
            body=body.removeprefix(head).strip() or head,
            notify_type=_TYPES[message.severity],
            body_format=NotifyFormat.TEXT,
        )
        if not sent:
            raise DeliveryError(
                f"the service {self.channel.name!r} did not take the message from Apprise; check "
                f"the address in {where}; the message is kept and the next run sends it"
            )
        return Receipt(self.channel.key, outgoing.key)
