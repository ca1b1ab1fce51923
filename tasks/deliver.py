"""Delivery: everything in the outbox goes out in order, a broken channel holds up only itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.console import Console

from driftloop.channels import Channel
from driftloop.errors import DeliveryError, DriftloopError
from tasks.outbox import Entry, Outbox
from tasks.senders import Sender, sender_for


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a flush did: keys that all channels now have, keys that wait, and why."""

    sent: tuple[str, ...]
    failed: tuple[str, ...]
    error: str | None


def flush(outbox: Outbox, channels: Iterable[Channel], console: Console | None = None) -> Delivery:
    """Send what waits for these channels, oldest first, and say what went out.

    After a failure the later messages of that channel wait, so that order is kept; other channels
    go on. A damaged file is named in `error` and the others still go out. Messages for channels
    that are not given stay in the outbox.

    Raises:
        WorkspaceError: if the outbox cannot be written.
    """
    round_ = _Round(outbox, {channel.key: channel for channel in channels}, console)
    with outbox.sending():
        for path in outbox.pending():
            try:
                entry = outbox.read(path)
            except DriftloopError as error:
                round_.errors.append(str(error))
                continue
            round_.deliver(entry)
    why = "; ".join(round_.errors) or None
    return Delivery(tuple(round_.sent), tuple(round_.failed), why)


@dataclass(slots=True)
class _Round:
    """One flush in progress."""

    outbox: Outbox
    channels: dict[str, Channel]
    console: Console | None
    senders: dict[str, Sender] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    sent: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def deliver(self, entry: Entry) -> None:
        """Send one message to each of its channels that lacks it and is in order."""
        for key in entry.missing:
            if key in self.channels and key not in self.stopped:
                entry = self._send(entry, key)
        if not entry.missing:
            self.sent.append(entry.message.key)
        elif self.stopped.intersection(entry.missing):
            self.failed.append(entry.message.key)

    def _send(self, entry: Entry, key: str) -> Entry:
        try:
            # Looked up late: a run with nothing to tell asks nobody for secrets.
            if key not in self.senders:
                self.senders[key] = sender_for(self.channels[key], self.console)
            receipt = self.senders[key].send(entry.message)
        except DeliveryError as error:
            self.stopped.add(key)
            self.errors.append(str(error))
            return entry
        return self.outbox.mark_sent(entry, key, receipt)
