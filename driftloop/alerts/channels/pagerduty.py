"""PagerDuty, by its Events API v2: an incident is triggered, acknowledged and resolved.

PagerDuty's developer documentation, "Send an Alert Event", names the fields and their limits:
202 means accepted, 400 that the event is invalid, 429 that there were too many.
"""

import json
import os
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from driftloop.alerts.channels.base import ChannelSecret, HttpChannel, HttpPost
from driftloop.alerts.message import Kind, Level, OutgoingMessage
from driftloop.alerts.messages.formats.plain_text import links, title, to_text
from driftloop.base.settings import secret_block, secret_variable

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


class PagerDutyChannel(HttpChannel):
    """A PagerDuty service: an incident is triggered, acknowledged and resolved there.

    Needs the integration key of an "Events API v2" integration. Only incidents are sent, each under
    one dedup key, so that PagerDuty joins what belongs together; no digest.
    """

    kind: Literal["pagerduty"] = "pagerduty"
    identified_by = "service"
    at_least: Level = Field(default="page", description="Least severity that is sent here.")
    digest: Literal[False] = Field(default=False, description="No digest is sent here.")
    service: str = Field(
        default="default", min_length=1, description="A name of your own for the service."
    )
    key_variable: str = secret_variable("PAGERDUTY_ROUTING_KEY", "the integration (routing) key")
    key_secret: str = secret_block("pagerduty-routing-key")

    @property
    def label(self) -> str:
        return f"PagerDuty ({self.service})"

    @property
    def secrets(self) -> tuple[ChannelSecret, ...]:
        name = "The PagerDuty integration key"
        return (ChannelSecret(name, self.key_variable, self.key_secret),)

    @property
    def remedy(self) -> str:
        return "check PAGERDUTY_API_URL"

    def wants(self, kind: Kind) -> bool:
        """Take what begins, changes or ends an incident, and what a person must look at."""
        return kind in _ACTIONS

    def posts(
        self, outgoing: OutgoingMessage, secrets: tuple[str, ...], now: datetime
    ) -> tuple[HttpPost, ...]:
        """Return the events of a message; PagerDuty joins one that is sent twice."""
        base = os.environ.get("PAGERDUTY_API_URL", "").strip() or BASE_URL
        url, json_type = f"{base.rstrip('/')}/v2/enqueue", {"Content-Type": "application/json"}
        events = [_event(outgoing, action, now) for action in _ACTIONS.get(outgoing.kind, ())]
        bodies = [json.dumps({"routing_key": secrets[0], **event}) for event in events]
        return tuple(HttpPost(url, body.encode(), json_type) for body in bodies)

    def refusal(self, status: int, answer: str) -> str | None:
        if status == 202:
            return None
        reason = _reason(answer) or f"HTTP {status}"
        remedy = "the message is kept and the next run sends it again"
        if "routing" in reason.lower() or status in (401, 403):
            remedy = (
                "put the integration key of an Events API v2 integration (32 characters) in "
                f"{self.key_variable} or the Secret block {self.key_secret}"
            )
        return f"{self.label} refused the event ({reason}); {remedy}"


def _event(outgoing: OutgoingMessage, action: Action, now: datetime) -> dict[str, Any]:
    """Return the event without the routing key; those of one incident share one dedup key."""
    message, test = outgoing.message, outgoing.kind == "test"
    name = f"driftloop/{outgoing.incident}" if outgoing.incident else outgoing.key
    content = {"event_action": action, "dedup_key": name[:KEY_LIMIT]}
    if action != "trigger":
        return content
    summary = f"[TEST] {title(message)}" if test else title(message)
    details = {"message": to_text(message)[:DETAILS_LIMIT], "key": outgoing.key}
    payload = {
        "summary": summary[:SUMMARY_LIMIT],
        "source": f"driftloop: {message.model}",
        "severity": "info" if test else _SEVERITIES[outgoing.level],
        "timestamp": now.isoformat(timespec="milliseconds"),
        "component": message.model,
        "group": "driftloop",
        "class": outgoing.kind,
        "custom_details": details | ({"incident": outgoing.incident} if outgoing.incident else {}),
    }
    shown_links = [{"href": url, "text": label} for url, label in links(message)[:MOST_LINKS]]
    return {**content, "payload": payload, "links": shown_links, "client": "driftloop"}


def _reason(answer: str) -> str:
    """Return PagerDuty's own errors as one short line; empty where it gave none."""
    try:
        content = json.loads(answer)
        errors = content.get("errors") or [content.get("message") or ""]
    except (ValueError, AttributeError):
        errors = []
    return " ".join("; ".join(map(str, errors)).split())[:300]
