"""The outbox: messages on disk until every channel has them, in order, each once.

A message is delivered at least once: only a process killed between Slack's answer and the note of
it, or a lost answer, makes the next flush send it again.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from driftloop.channels import Channel
from driftloop.errors import DataError, DriftloopError, WorkspaceError
from driftloop.messages.message import Message


@dataclass(frozen=True, slots=True)
class Entry:
    """A kept message, the channels it is for, and the receipts of those that have it."""

    path: Path
    message: Message
    channels: tuple[str, ...]
    receipts: dict[str, str]

    @property
    def missing(self) -> tuple[str, ...]:
        """The channels that have not received the message yet."""
        return tuple(channel for channel in self.channels if channel not in self.receipts)


_CHANNELS = TypeAdapter(tuple[str, ...])
_RECEIPTS = TypeAdapter(dict[str, str])


class Outbox:
    """A folder of messages: those that wait in `pending/`, those delivered in `sent/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pending = folder / "pending"
        self._sent = folder / "sent"

    def put(self, message: Message, channels: Iterable[Channel]) -> bool:
        """Keep a message for the channels; say whether it is new.

        A message whose key is already pending or sent is left as it is.

        Raises:
            WorkspaceError: if the folder cannot be written.
        """
        keys = tuple(dict.fromkeys(channel.key for channel in channels))
        with self._lock("put"):
            # Pending first: an entry that another process moves meanwhile is then seen in `sent/`.
            known = [path.stem for path in (*self.pending(), *self._sent.glob("*.json"))]
            digest = hashlib.sha256(message.key.encode()).hexdigest()[:24]
            if any(name.endswith(f"-{digest}") for name in known):
                return False
            sequence = 1 + max((int(name.partition("-")[0]) for name in known), default=0)
            path = self._pending / f"{sequence:010d}-{digest}.json"
            _write(Entry(path, message, keys, {}))
            return True

    def pending(self) -> tuple[Path, ...]:
        """Return the files of the messages that wait, oldest first."""
        return tuple(sorted(self._pending.glob("*.json")))

    def read(self, path: Path) -> Entry:
        """Return the message kept in a file.

        Raises:
            DriftloopError: if the file is damaged; the error names it.
        """
        try:
            value: dict[str, Any] = dict(json.loads(path.read_text(encoding="utf-8")))
            return Entry(
                path,
                Message.from_dict(value["message"]),
                _CHANNELS.validate_python(value["channels"]),
                _RECEIPTS.validate_python(value["receipts"]),
            )
        except (OSError, ValueError, TypeError, KeyError, ValidationError, DataError) as error:
            raise DriftloopError(
                f"The kept message {path} cannot be read ({type(error).__name__}); "
                "restore the file or delete it"
            ) from error

    def mark_sent(self, entry: Entry, channel_key: str, receipt: str) -> Entry:
        """Note a delivery and return the entry as it stands; move it once all channels have it.

        Call it inside `sending`.

        Raises:
            WorkspaceError: if the folder cannot be written.
        """
        marked = replace(entry, receipts={**entry.receipts, channel_key: receipt})
        _write(marked)
        if marked.missing:
            return marked
        moved = replace(marked, path=self._sent / entry.path.name)
        entry.path.replace(moved.path)
        _sync(self._sent)
        return moved

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Hold the right to send: other processes wait, then find what is already delivered."""
        with self._lock("send"):
            yield

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        # Two locks, so that keeping a message never waits for a slow Slack.
        try:
            self._pending.mkdir(parents=True, exist_ok=True)
            self._sent.mkdir(exist_ok=True)
            file = (self.folder / f"{name}.lock").open("a")
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _write(entry: Entry) -> None:
    """Write the entry whole or not at all, also when the machine stops in between."""
    content = {
        "message": entry.message.to_dict(),
        "channels": entry.channels,
        "receipts": entry.receipts,
    }
    draft = entry.path.with_suffix(".tmp")
    try:
        with draft.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(entry.path)
        _sync(entry.path.parent)
    except OSError as error:
        raise _unwritable(entry.path.parent, error) from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(folder: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"The outbox {folder} cannot be written ({error.strerror}); "
        "free disk space or make the folder writable"
    )
