"""PagerDuty by its Events API v2: an incident is triggered, acknowledged and resolved.

PagerDuty's developer documentation, "Send an Alert Event", names the fields and their limits:
202 means accepted, 400 that the event is invalid, 429 that there were too many.
"""

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from driftloop.alerts.channels import PagerDutyChannel
from driftloop.alerts.channels.base import Level
from driftloop.alerts.incident import Receipt
from driftloop.alerts.message import Kind
from driftloop.alerts.messages.formats.plain_text import links, title, to_text
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders.base import OutgoingMessage, RefusedError, ThreadlessSender
from tasks.alerts.senders.http import post
from tasks.runtime.redaction import redact

if TYPE_CHECKING:
    import httpx

BASE_URL = "https://events.pagerduty.com"
SUMMARY_LIMIT = 1024
KEY_LIMIT = 255
DETAILS_LIMIT = 4000
MOST_LINKS = 10

Action = Literal["trigger", "acknowledge", "resolve"]

_ACTIONS: dict[Kind, tuple[Action, ...]] = {
    "opened": ("trigger",),
    "worsened": ("trigger",),
    "reopened": ("trigger",),
    "stuck": ("trigger",),
    "rolled_back": ("trigger",),
    "acknowledged": ("acknowledge",),
    "resolved": ("resolve",),
    "test": ("trigger", "resolve"),
}
_SEVERITIES: dict[Level, str] = {"page": "critical", "warning": "warning", "info": "info"}


@dataclass(frozen=True, slots=True)
class PagerDutySender(ThreadlessSender):
    """Sends events to a PagerDuty service; those of one incident share one dedup key."""

    channel: PagerDutyChannel
    routing_key: str = field(repr=False)

    def wants(self, kind: Kind) -> bool:
        """Take what begins, changes or ends an incident, and what a person must look at."""
        return kind in _ACTIONS

    def send(self, outgoing: OutgoingMessage) -> Receipt:
        """Send the event and return its dedup key; PagerDuty joins one that is sent twice.

        Raises:
            DeliveryError: if PagerDuty refused it or did not answer.
        """
        for action in _ACTIONS.get(outgoing.kind, ()):
            self._enqueue(event(outgoing, action, datetime.now(UTC)))
        return Receipt("pagerduty", dedup_key(outgoing))

    def _enqueue(self, content: dict[str, Any]) -> None:
        url = os.environ.get("PAGERDUTY_API_URL", "").strip() or BASE_URL
        body = json.dumps({"routing_key": self.routing_key, **content}).encode()
        answer = post(
            f"{url.rstrip('/')}/v2/enqueue",
            body,
            {"Content-Type": "application/json"},
            f"PagerDuty ({self.channel.service})",
            "check PAGERDUTY_API_URL",
        )
        if answer.status_code != 202:
            raise self._refused(answer)

    def _refused(self, answer: "httpx.Response") -> DeliveryError:
        reason, channel = _said(answer), self.channel
        remedy = "the message is kept and the next run sends it again"
        if "routing" in reason.lower() or answer.status_code in (401, 403):
            remedy = (
                "put the integration key of an Events API v2 integration (32 characters) in "
                f"{channel.key_variable} or the Secret block {channel.key_secret}"
            )
        shown_reason = redact(reason.replace(self.routing_key, "…"))
        return RefusedError(
            f"PagerDuty ({channel.service}) refused the event ({shown_reason}); {remedy}",
            f"HTTP {answer.status_code}",
        )


def event(outgoing: OutgoingMessage, action: Action, now: datetime) -> dict[str, Any]:
    """Return the event of a outgoing, without the routing key."""
    content = {"event_action": action, "dedup_key": dedup_key(outgoing)}
    if action != "trigger":
        return content
    message, test = outgoing.message, outgoing.kind == "test"
    summary = f"[TEST] {title(message)}" if test else title(message)
    payload = {
        "summary": summary[:SUMMARY_LIMIT],
        "source": f"driftloop: {message.model}",
        "severity": "info" if test else _SEVERITIES[outgoing.level],
        "timestamp": now.isoformat(timespec="milliseconds"),
        "component": message.model,
        "group": "driftloop",
        "class": outgoing.kind,
        "custom_details": _details(outgoing),
    }
    shown_links = [{"href": url, "text": label} for url, label in links(message)[:MOST_LINKS]]
    return {**content, "payload": payload, "links": shown_links, "client": "driftloop"}


def dedup_key(outgoing: OutgoingMessage) -> str:
    """Return what joins the events of an incident, or those of a message that stands alone."""
    name = f"driftloop/{outgoing.incident}" if outgoing.incident else outgoing.key
    return name[:KEY_LIMIT]


def _details(outgoing: OutgoingMessage) -> dict[str, str]:
    details = {"message": to_text(outgoing.message)[:DETAILS_LIMIT], "key": outgoing.key}
    return {**details, "incident": outgoing.incident} if outgoing.incident else details


def _said(answer: "httpx.Response") -> str:
    """Return PagerDuty's own errors as one short line."""
    try:
        content = answer.json()
        errors = content.get("errors") or [content.get("message") or ""]
    except (ValueError, AttributeError):
        errors = []
    listed = "; ".join(str(error) for error in errors)
    return " ".join(listed.split())[:300] or f"HTTP {answer.status_code}"
