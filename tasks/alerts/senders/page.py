"""A page on disk: a transcript of the channel in JSON, and the HTML page made from it."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from driftloop.alerts.blocks import Picture, Span, context
from driftloop.alerts.channels.page import PageChannel
from driftloop.alerts.message import Links, Message, OutgoingMessage, Receipt
from driftloop.alerts.messages.formats.html import channel_html
from driftloop.alerts.stored import upgraded_message
from driftloop.base.errors import DeliveryError
from driftloop.base.serialize import to_json
from driftloop.reporting.feature_plot import draw_feature_plot
from tasks.alerts.senders.base import Sender
from tasks.alerts.senders.slack.bot import alt_text
from tasks.coordination.file_lock import file_lock
from tasks.runtime.atomic_file import write_atomically

LOCK_SECONDS = 10
MOST = 200
"""Messages with their threads that a page shows; older ones leave it."""


@dataclass(frozen=True, slots=True)
class PageMessage:
    """A message on the page; `thread` is the key of the one that it answers."""

    key: str
    message: Message
    thread: str | None = None


PageMessages = tuple[PageMessage, ...]
_ADAPTER = TypeAdapter(PageMessages)


@dataclass(frozen=True, slots=True)
class PageSender(Sender):
    """Writes messages to a page, for one machine.

    Every reply is in view there, so that one which Slack would repeat in the channel stands in its
    thread only.
    """

    channel: PageChannel
    page: Path
    threads = True

    def send(self, outgoing: OutgoingMessage) -> Receipt:
        """Put a message on the page once, a reply into its thread, and return its receipt."""
        return self._add(outgoing, outgoing.message)

    def draw(self, outgoing: OutgoingMessage) -> Receipt | None:
        """Put the picture of the shapes, if there are any, into the thread once."""
        if not outgoing.shapes or outgoing.thread is None:
            return None
        return self._add(outgoing, _picture(outgoing))

    def update(self, receipt: Receipt, message: Message) -> None:
        """Replace the content of a message; nothing where it has left the page."""

        def updated(entries: PageMessages) -> PageMessages:
            return tuple(
                replace(entry, message=message) if entry.key == receipt.ts else entry
                for entry in entries
            )

        self._change(updated)

    def _add(self, outgoing: OutgoingMessage, message: Message) -> Receipt:
        def added(entries: PageMessages) -> PageMessages:
            keys = {entry.key for entry in entries}
            if outgoing.key in keys:
                return entries
            # A reply to what has left the page, or is on another machine's, stands alone.
            thread = outgoing.thread.ts if outgoing.thread and outgoing.thread.ts in keys else None
            return _newest((*entries, PageMessage(outgoing.key, message, thread)))

        self._change(added)
        return Receipt(self.key, outgoing.key)

    def _change(self, function: Callable[[PageMessages], PageMessages]) -> None:
        """Change the transcript and draw the page from it, one process at a time."""
        lock = self.page.with_suffix(".lock")
        try:
            self.page.parent.mkdir(parents=True, exist_ok=True)
            with file_lock(lock, LOCK_SECONDS, 0.02):
                entries = function(self._read())
                write_atomically(self._transcript, to_json({"entries": entries}), durable=True)
                html = channel_html(self.page.stem, _posts(entries))
                write_atomically(self.page, html, durable=True)
        except TimeoutError as error:
            raise DeliveryError(
                f"{lock}: another run has held the page for {LOCK_SECONDS} s; run it "
                "again when that run has ended"
            ) from error
        except OSError as error:
            raise DeliveryError(
                f"{self.page}: the page cannot be written ({error.strerror or error}); free disk "
                "space or make its folder writable"
            ) from error

    def _read(self) -> PageMessages:
        try:
            text = self._transcript.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
        try:
            entries = json.loads(text)["entries"]
            upgraded = [
                {**entry, "message": upgraded_message(entry["message"])} for entry in entries
            ]
            return _ADAPTER.validate_python(upgraded)
        except (ValueError, ValidationError, TypeError, KeyError, AttributeError) as error:
            raise DeliveryError(
                f"{self._transcript}: not a transcript of a page; restore it, or delete it to "
                "start a new page"
            ) from error

    @property
    def _transcript(self) -> Path:
        return self.page.with_suffix(".json")


def link_reports(page: PageSender, reports: Mapping[str, str]) -> None:
    """Let the messages of a page lead to reports beside it, and no longer to servers.

    `reports` are addresses relative to the page, by the address of a Prefect run.
    """

    def linked(message: Message) -> Message:
        report = reports.get(message.links.prefect_run or "")
        added = (context(Span("Report", "link", report)),) if report else ()
        return replace(message, blocks=(*message.blocks, *added), links=Links())

    page._change(
        lambda entries: tuple(replace(entry, message=linked(entry.message)) for entry in entries)
    )


def _picture(outgoing: OutgoingMessage) -> Message:
    """Return a message that is the picture, whole, so that the page needs no other file."""
    model = outgoing.message.model
    image = draw_feature_plot(outgoing.shapes, f"{model}: reference and current window")
    alt = alt_text(shape.name for shape in outgoing.shapes)
    address = f"data:image/png;base64,{base64.b64encode(image).decode()}"
    return replace(outgoing.message, text=alt, blocks=(Picture(address, alt),), links=Links())


def _posts(entries: PageMessages) -> list[tuple[Message, list[Message]]]:
    """Return the messages with their threads, oldest first."""
    threads: dict[str, tuple[Message, list[Message]]] = {
        entry.key: (entry.message, []) for entry in entries if entry.thread is None
    }
    for entry in entries:
        if entry.thread is not None:
            threads[entry.thread][1].append(entry.message)
    return list(threads.values())


def _newest(entries: PageMessages) -> PageMessages:
    """Return the newest messages with their threads."""
    first = [entry.key for entry in entries if entry.thread is None][-MOST:]
    return tuple(entry for entry in entries if (entry.thread or entry.key) in first)
