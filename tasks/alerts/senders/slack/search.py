"""Search for a message or a picture that Slack may have already.

``chat.postMessage`` is not idempotent: where its answer was lost, the key in a message's metadata
tells. A token that may not read the channel cannot look; a message is then posted again, for twice
is better than never.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.message import OutgoingMessage, Receipt
from tasks.alerts.senders.base import RefusedError, warn_once
from tasks.alerts.senders.slack.errors import one_line_errors

if TYPE_CHECKING:
    from slack_sdk import WebClient

SKEW = timedelta(minutes=10)
"""How far this machine's clock may be ahead of Slack's."""
EVENT_TYPE = "driftloop"
LOST_THREAD = {"thread_not_found", "cannot_reply_to_message", "thread_locked"}
"""What Slack says where a message cannot be answered, such as one that was deleted."""

_ID = re.compile(r"[CG][A-Z0-9]{8,}")
_BLIND = {"missing_scope", "not_in_channel", "channel_not_found", "not_allowed_token_type"}
_PAGE = 200

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Search:
    """Looks through one channel with a client that retries."""

    client: "WebClient"
    channel: SlackChannel

    def message(self, outgoing: OutgoingMessage, since: datetime) -> Receipt | None:
        """Return where the message with this key is, or None if it is not to be found.

        Raises:
            DeliveryError: if Slack did not answer, so that nobody knows.
        """

        def has_key(row: Row) -> bool:
            metadata = row.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            return metadata.get("event_type") == EVENT_TYPE and payload.get("key") == outgoing.key

        match = self._first(outgoing, since, has_key)
        return None if match is None else Receipt(match[0], str(match[1]["ts"]))

    def picture(self, outgoing: OutgoingMessage, name: str, since: datetime) -> Receipt | None:
        """Return the receipt of the file of this name in the message's thread, or None."""

        def has_file(row: Row) -> bool:
            return any(file.get("name") == name for file in row.get("files") or ())

        match = self._first(outgoing, since, has_file)
        if match is None:
            return None
        file = next(file for file in match[1]["files"] if file.get("name") == name)
        return Receipt(match[0], str(file["id"]))

    def _first(
        self, outgoing: OutgoingMessage, since: datetime, wanted: Callable[[Row], bool]
    ) -> tuple[str, Row] | None:
        try:
            place = outgoing.thread.place if outgoing.thread else self.place()
            rows = self._rows(outgoing, place, since) if place else iter(())
            match = next((row for row in rows if wanted(row)), None)
        except RefusedError as refusal:
            if refusal.code not in _BLIND:
                raise
            place, match = None, None
        if place is None:
            warn_once(
                f"driftloop cannot check whether a message reached {self.channel.channel}, so one "
                "may be posted twice after an outage; invite the bot, give it the scopes "
                "channels:read and channels:history (groups:read and groups:history for a private "
                "channel) and install it again"
            )
        return None if place is None or match is None else (place, match)

    def place(self) -> str | None:
        """Return the channel's id, or None if the bot does not see a channel of that name."""
        if _ID.fullmatch(self.channel.channel):
            return self.channel.channel
        try:
            return self._listed("public_channel,private_channel")
        except RefusedError as refusal:
            if refusal.code != "missing_scope":
                raise
            return self._listed("public_channel")

    def _listed(self, types: str) -> str | None:
        name = self.channel.channel.removeprefix("#")
        options = {"types": types, "exclude_archived": True, "limit": _PAGE}
        rows = self._pages("conversations.list", "channels", options)
        return next((str(row["id"]) for row in rows if row.get("name") == name), None)

    def _rows(self, outgoing: OutgoingMessage, place: str, since: datetime) -> Iterator[Row]:
        options = {"channel": place, "include_all_metadata": True, "limit": _PAGE}
        if outgoing.thread is not None:
            thread = {**options, "ts": outgoing.thread.ts}
            try:
                for row in self._pages("conversations.replies", "messages", thread):
                    if row["ts"] != outgoing.thread.ts:
                        yield row
                return
            except RefusedError as refusal:
                if refusal.code not in LOST_THREAD:
                    raise
        recent = {**options, "oldest": f"{(since - SKEW).timestamp():.6f}"}
        for row in self._pages("conversations.history", "messages", recent):
            if row.get("thread_ts", row["ts"]) == row["ts"]:
                yield row

    def _pages(self, method: str, name: str, options: dict[str, Any]) -> Iterator[Row]:
        cursor = ""
        while True:
            params = {**options, "cursor": cursor} if cursor else options
            with one_line_errors(self.channel):
                answer = self.client.api_call(method, params=params)
            yield from answer.get(name) or ()
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return
