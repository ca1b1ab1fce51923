"""A loopback stand-in for PagerDuty's Events API v2, with the checks it documents."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from peers.http_peer import Answer, HttpPeer

_SEVERITIES = ("critical", "error", "warning", "info")
_ACTIONS = ("trigger", "acknowledge", "resolve")
_PAYLOAD = (
    *("summary", "source", "severity", "timestamp"),
    *("component", "group", "class", "custom_details"),
)
_LARGEST = 512 * 1024

State = Literal["triggered", "acknowledged", "resolved"]


@dataclass
class PagerDutyPeer(HttpPeer):
    """A PagerDuty on 127.0.0.1; `states` says how each incident stands, by dedup key."""

    routing_key: str = "0123456789abcdef0123456789abcdef"
    events: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, State] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one event."""
        if path != "/v2/enqueue":
            return Answer(404, "Not Found")
        try:
            event = json.loads(body)
        except ValueError:
            event = None
        errors = ["Event is too large"] if len(body) > _LARGEST else self._errors(event)
        if errors:
            told = {
                "status": "invalid event",
                "message": "Event object is invalid",
                "errors": errors,
            }
            return Answer(400, json.dumps(told))
        with self._lock:
            self._take(event)
        told = {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}
        return Answer(202, json.dumps(told))

    def _take(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        key, action = event["dedup_key"], event["event_action"]
        state = self.states.get(key)
        if action == "trigger" and state in (None, "resolved"):
            self.opened.append(key)
            self.states[key] = "triggered"
        elif action == "acknowledge" and state == "triggered":
            self.states[key] = "acknowledged"
        elif action == "resolve" and state is not None:
            self.states[key] = "resolved"

    def _errors(self, event: Any) -> list[str]:
        if not isinstance(event, dict):
            return ["JSON object expected"]
        key, action = event.get("routing_key"), event.get("event_action")
        errors = []
        if not isinstance(key, str) or len(key) != 32:
            errors.append("Length of 'routing_key' is incorrect (should be 32 characters)")
        elif key != self.routing_key:
            errors.append(f"Invalid routing key {key}")  # so that one sees who passes it on
        if action not in _ACTIONS:
            errors.append("'event_action' is invalid")
        dedup_key = event.get("dedup_key")
        if not isinstance(dedup_key, str) or not 1 <= len(dedup_key) <= 255:
            errors.append("'dedup_key' is missing or longer than 255 characters")
        if action == "trigger":
            errors += _payload_errors(event.get("payload")) + _link_errors(event.get("links", []))
        return errors


def _payload_errors(payload: Any) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    named = [name for name in ("summary", "source") if not payload.get(name)]
    errors = [f"'payload.{name}' is missing or blank" for name in named]
    if len(payload.get("summary") or "") > 1024:
        errors.append("'payload.summary' is longer than 1024 characters")
    if payload.get("severity") not in _SEVERITIES:
        errors.append("'payload.severity' is invalid (must be one of: critical, error, ...)")
    try:
        datetime.fromisoformat(payload.get("timestamp", "2026-01-01T00:00:00Z"))
    except ValueError:
        errors.append("'payload.timestamp' is invalid")
    unknown = sorted(set(payload) - set(_PAYLOAD))
    return errors + [f"'payload.{name}' is unknown" for name in unknown]


def _link_errors(links: Any) -> list[str]:
    good = isinstance(links, list) and all(
        isinstance(link, dict) and str(link.get("href", "")).startswith(("http://", "https://"))
        for link in links
    )
    return [] if good else ["'links' is invalid"]
