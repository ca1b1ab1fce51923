"""A Slack channel by bot token: threads, updates in place, pictures, and each message once."""

import hashlib
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.message import Message, OutgoingMessage, Receipt
from driftloop.alerts.messages.formats.slack import slack_blocks, slack_text
from tasks.alerts.senders import base
from tasks.alerts.senders.base import (
    LostAnswerError,
    RefusedError,
    Sender,
    UnderWayError,
    warn_once,
)
from tasks.alerts.senders.slack.calls import bold_retries, careful_retries, content_of, quiet_logger
from tasks.alerts.senders.slack.errors import one_line_errors
from tasks.alerts.senders.slack.search import EVENT_TYPE, LOST_THREAD, Search

if TYPE_CHECKING:
    from slack_sdk import WebClient
    from slack_sdk.http_retry.handler import RetryHandler

ATTEMPTS = 3
"""How often a message is posted whose answer was lost and that is not there."""

_UNCHANGEABLE = {"message_not_found", "edit_window_closed", "cant_update_message"}
_NO_PICTURES = {"missing_scope", "not_allowed_token_type", "file_uploads_disabled"}


@dataclass(frozen=True, slots=True)
class BotSender(Sender):
    """Posts to a Slack channel with a bot token."""

    channel: SlackChannel
    token: str = field(repr=False)
    threads = True

    def send(self, outgoing: OutgoingMessage) -> Receipt:
        """Post the message once and return the channel's id and Slack's timestamp."""
        search = self._search()
        return self._once(
            outgoing.begun,
            lambda since: search.message(outgoing, since),
            lambda: self._answer_or_post(outgoing),
        )

    def draw(self, outgoing: OutgoingMessage) -> Receipt | None:
        """Upload the picture of the shapes to the thread once and return the file's id.

        None where there is nothing to draw, or the token lacks the scope files:write.
        """
        if not outgoing.shapes or outgoing.thread is None:
            return None
        search, name = self._search(), file_name(outgoing.key)
        try:
            return self._once(
                outgoing.begun,
                lambda since: search.picture(outgoing, name, since),
                lambda: self._upload(outgoing, name),
            )
        except RefusedError as refusal:
            if refusal.code not in _NO_PICTURES:
                raise
            warn_once(
                f"pictures are not shown in {self.channel.channel} ({refusal.code}); give the bot "
                "the scope files:write and install it again"
            )
            return None

    def update(self, receipt: Receipt, message: Message) -> None:
        """Replace the content of a message; one that is gone or too old is left alone."""
        try:
            with one_line_errors(self.channel):
                self._client(bold_retries()).chat_update(
                    channel=receipt.place,
                    ts=receipt.ts,
                    text=slack_text(message),
                    blocks=slack_blocks(message, answers=bool(self.channel.answered_by)),
                )
        except RefusedError as refusal:
            if refusal.code not in _UNCHANGEABLE:
                raise
            warn_once(
                f"a message in {self.channel.channel} cannot be updated ({refusal.code}); "
                "it was deleted, or may no longer be changed"
            )

    def _once(
        self,
        begun: datetime | None,
        look: Callable[[datetime], Receipt | None],
        act: Callable[[], Receipt],
    ) -> Receipt:
        """Act only once: where that may have been done already, look first.

        What was not answered in time may be done later still, so it is left to the next run.
        """
        since = begun or datetime.now(UTC)
        if begun is not None and (receipt := look(since)) is not None:
            return receipt
        for attempt in range(ATTEMPTS):
            try:
                return act()
            except LostAnswerError as error:
                lost = error
            time.sleep(base.PAUSE * 2**attempt)
            if (receipt := look(since)) is not None:
                return receipt
            if isinstance(lost, UnderWayError):
                break
        raise lost

    def _answer_or_post(self, outgoing: OutgoingMessage) -> Receipt:
        """Post a message; one whose thread is gone stands alone, so that people see it."""
        try:
            return self._post(outgoing)
        except RefusedError as refusal:
            if outgoing.thread is None or refusal.code not in LOST_THREAD:
                raise
        warn_once(f"a thread in {self.channel.channel} is gone; its messages stand alone")
        return self._post(replace(outgoing, thread=None))

    def _post(self, outgoing: OutgoingMessage) -> Receipt:
        thread: dict[str, Any] = {}
        if outgoing.thread is not None:
            thread = {"thread_ts": outgoing.thread.ts, "reply_broadcast": outgoing.broadcast}
        with one_line_errors(self.channel):
            answer = self._client(careful_retries()).chat_postMessage(
                channel=outgoing.thread.place if outgoing.thread else self.channel.channel,
                metadata={"event_type": EVENT_TYPE, "event_payload": {"key": outgoing.key}},
                unfurl_links=False,
                unfurl_media=False,
                **content_of(outgoing, self.channel, bool(self.channel.answered_by)),
                **thread,
            )
        return Receipt(str(answer["channel"]), str(answer["ts"]))

    def _upload(self, outgoing: OutgoingMessage, name: str) -> Receipt:
        from driftloop.reporting.feature_plot import draw_feature_plot

        if outgoing.thread is None:
            raise ValueError("a picture needs a thread")
        title = f"{outgoing.message.model}: reference and current window"
        image = draw_feature_plot(outgoing.shapes, title)
        with one_line_errors(self.channel):
            answer = self._client(careful_retries()).files_upload_v2(
                content=image,
                filename=name,
                title=title,
                alt_txt=alt_text(shape.name for shape in outgoing.shapes),
                channel=outgoing.thread.place,
                thread_ts=outgoing.thread.ts,
            )
        return Receipt(outgoing.thread.place, str(answer["files"][0]["id"]))

    def _search(self) -> Search:
        return Search(self._client(bold_retries()), self.channel)

    def _client(self, retries: "list[RetryHandler]") -> "WebClient":
        from slack_sdk import WebClient

        return WebClient(
            self.token,
            base_url=os.environ.get("SLACK_API_URL") or WebClient.BASE_URL,
            timeout=base.TIMEOUT,  # type: ignore[arg-type]  # urllib takes fractions too
            retry_handlers=retries,
            logger=quiet_logger(),
        )


def file_name(key: str) -> str:
    """Return the name of the picture of a message, by which it is found again."""
    return f"driftloop-{hashlib.sha256(key.encode()).hexdigest()[:20]}.png"


def alt_text(names: Iterable[str]) -> str:
    """Return what a picture shows, for those who do not see it."""
    return f"Distributions in the reference and the current window of: {', '.join(names)}"[:1000]
