"""The channels of the Slack peer: what was posted there, and the Web API methods on it."""

import copy
import hashlib
import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from peers.slack_content import Answer, content_problem, refuse

ALL_SCOPES = (
    *("chat:write", "files:write", "channels:read", "groups:read"),
    *("channels:history", "groups:history"),
)
BOT = "B000"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Post:
    """A message the peer accepted."""

    channel: str
    text: str
    blocks: list[dict[str, Any]]
    ts: str
    thread_ts: str | None
    key: str | None
    broadcast: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A message as it reads now, with its replies and the names of the files in its thread."""

    text: str
    blocks: list[dict[str, Any]]
    ts: str
    key: str | None
    replies: "tuple[Told, ...]" = ()
    files: tuple[str, ...] = ()


@dataclass
class File:
    """A file that was announced, uploaded once `content` is there, shared once `channel` is."""

    id: str
    name: str
    length: int
    alt: str | None
    content: bytes | None = None
    title: str | None = None
    channel: str | None = None
    thread_ts: str | None = None


@dataclass
class Workspace:
    """The channels and what is in them; channels are recorded by name."""

    channels: tuple[str, ...] = ("#ml-alerts",)
    not_joined: tuple[str, ...] = ()
    archived: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ALL_SCOPES
    page: int = 200
    posts: list[Post] = field(default_factory=list)
    updates: list[Post] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    window_closed: bool = False
    _rows: dict[str, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._count = itertools.count(1)
        self._lock = threading.RLock()

    @property
    def keys(self) -> list[str | None]:
        """The idempotency keys of the posts, in order."""
        return [post.key for post in self.posts]

    def kept(self) -> Any:
        """Return what is there, to be put back by `restore`."""
        with self._lock:
            return copy.deepcopy((self.posts, self.updates, self.files, self._rows))

    def restore(self, kept: Any) -> None:
        """Let what was there be there again, and nothing else."""
        with self._lock:
            self.posts, self.updates, self.files, self._rows = copy.deepcopy(kept)

    def channel_id(self, name: str) -> str:
        """The id of a channel."""
        return f"C{hashlib.sha256(name.encode()).hexdigest()[:10].upper()}"

    def say(self, channel: str, text: str, thread_ts: str | None = None) -> str:
        """Let a person write something and return its timestamp."""
        return self._add(channel, {"user": "U000", "text": text}, thread_ts)["ts"]

    def delete(self, ts: str) -> None:
        """Let a person delete a message."""
        for rows in self._rows.values():
            rows[:] = [row for row in rows if row["ts"] != ts]

    def story(self, channel: str = "#ml-alerts") -> list[Told]:
        """Return driftloop's messages in a channel as they read now, with their threads."""
        rows = self._rows.get(channel, [])
        parents = [row for row in rows if "thread_ts" not in row and row.get("bot_id") == BOT]
        return [self._told(row, rows) for row in parents]

    def _told(self, row: Row, rows: list[Row]) -> Told:
        thread = [other for other in rows if other.get("thread_ts") == row["ts"]]
        replies = [one for one in thread if one.get("bot_id") == BOT and not one.get("files")]
        names = tuple(file["name"] for other in thread for file in other.get("files", ()))
        told = tuple(self._told(reply, []) for reply in replies)
        key = _key(row.get("metadata"))
        return Told(row["text"], row.get("blocks", []), row["ts"], key, told, names)

    def method(self, name: str, body: dict[str, Any]) -> Answer:
        """Answer a Web API method to a token that is valid."""
        methods = {
            "auth.test": (self._auth_test, ()),
            "chat.postMessage": (self._post, ("chat:write",)),
            "chat.update": (self._update, ("chat:write",)),
            "conversations.list": (self._list, ()),
            "conversations.history": (self._history, ()),
            "conversations.replies": (self._replies, ()),
            "files.getUploadURLExternal": (self._announce, ("files:write",)),
            "files.completeUploadExternal": (self._complete, ("files:write",)),
        }
        if name not in methods:
            return refuse("unknown_method")
        answer, needed = methods[name]
        with self._lock:
            return self._lacking(*needed) or answer(body)

    def upload_url(self, file_id: str) -> str:
        """The address that the bytes of a file are posted to."""
        raise NotImplementedError

    def upload(self, file_id: str, content: bytes) -> tuple[int, str]:
        """Take the bytes of a file at its upload URL."""
        file = next((file for file in self.files if file.id == file_id), None)
        if file is None or len(content) != file.length:
            return 400, "bad upload"
        file.content = content
        return 200, f"OK - {len(content)}"

    def _lacking(self, *needed: str) -> Answer | None:
        lacking = [scope for scope in needed if scope not in self.scopes]
        if not lacking:
            return None
        return refuse("missing_scope", needed=",".join(lacking), provided=",".join(self.scopes))

    def _auth_test(self, body: dict[str, Any]) -> Answer:
        return {"ok": True, "team": "Peer", "user": "driftloop", "bot_id": BOT}

    def _every(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.channels, *self.not_joined, *self.archived)))

    def _name(self, channel: Any, ids_only: bool = True) -> str | None:
        for name in self._every():
            if channel == self.channel_id(name):
                return name
            if not ids_only and channel in (name, name.removeprefix("#")):
                return name
        return None

    def _place_problem(self, name: str | None) -> Answer | None:
        if name is None:
            return refuse("channel_not_found")
        if name in self.archived:
            return refuse("is_archived")
        return refuse("not_in_channel") if name in self.not_joined else None

    def _post(self, body: dict[str, Any]) -> Answer:
        name = self._name(body.get("channel"), ids_only=False)
        problem = self._place_problem(name) or content_problem(body)
        if problem is not None or name is None:
            return problem or {}
        thread_ts = body.get("thread_ts")
        if thread_ts and self._row(name, thread_ts) is None:
            return refuse("thread_not_found")
        broadcast = bool(body.get("reply_broadcast")) and bool(thread_ts)
        shown = {name: body[name] for name in ("blocks", "metadata") if body.get(name)}
        row = {"bot_id": BOT, "text": body.get("text") or "", **shown}
        if broadcast:
            row["subtype"] = "thread_broadcast"
        row = self._add(name, row, thread_ts)
        self.posts.append(_post(name, row, broadcast))
        return {"ok": True, "channel": self.channel_id(name), "ts": row["ts"], "message": row}

    def _update(self, body: dict[str, Any]) -> Answer:
        name = self._name(body.get("channel"))
        problem = self._place_problem(name) or content_problem(body)
        if problem is not None or name is None:
            return problem or {}
        row = self._row(name, body.get("ts"))
        if row is None:
            return refuse("message_not_found")
        if row.get("bot_id") != BOT:
            return refuse("cant_update_message")
        if self.window_closed:
            return refuse("edit_window_closed")
        given = ("text", "blocks", "metadata")
        row |= {name: body[name] for name in given if body.get(name) is not None}
        self.updates.append(_post(name, row))
        return {"ok": True, "channel": body["channel"], "ts": row["ts"], "text": row["text"]}

    def _list(self, body: dict[str, Any]) -> Answer:
        scopes = {"public_channel": "channels:read", "private_channel": "groups:read"}
        types = str(body.get("types") or "public_channel").split(",")
        if problem := self._lacking(*(scopes[kind] for kind in types)):
            return problem
        rows = [
            {
                "id": self.channel_id(name),
                "name": name.removeprefix("#"),
                "is_private": name in self.private,
                "is_archived": name in self.archived,
                "is_member": name not in self.not_joined,
            }
            for name in self._every()
        ]
        wanted = [
            row
            for row in rows
            if ("private_channel" if row["is_private"] else "public_channel") in types
            and not (row["is_archived"] and body.get("exclude_archived") in (True, "1", "true"))
        ]
        return self._paged("channels", wanted, body)

    def _readable(self, body: dict[str, Any]) -> tuple[str, Answer | None]:
        name = self._name(body.get("channel"))
        scope = "groups:history" if name in self.private else "channels:history"
        problem = self._lacking(scope)
        if problem is None and (name is None or name in self.not_joined):
            problem = refuse("not_in_channel" if name else "channel_not_found")
        return name or "", problem

    def _history(self, body: dict[str, Any]) -> Answer:
        name, problem = self._readable(body)
        if problem is not None:
            return problem
        oldest = float(body.get("oldest") or 0)
        rows = [
            row
            for row in reversed(self._rows.get(name, []))
            if float(row["ts"]) > oldest
            and ("thread_ts" not in row or row.get("subtype") == "thread_broadcast")
        ]
        return self._paged("messages", rows, body)

    def _replies(self, body: dict[str, Any]) -> Answer:
        name, problem = self._readable(body)
        if problem is not None:
            return problem
        ts = body.get("ts")
        if (parent := self._row(name, ts)) is None:
            return refuse("thread_not_found")
        thread = [row for row in self._rows[name] if row.get("thread_ts") == ts]
        return self._paged("messages", [parent, *thread], body)

    def _paged(self, name: str, rows: list[Row], body: dict[str, Any]) -> Answer:
        start = int(str(body.get("cursor") or "at:0").removeprefix("at:"))
        size = min(int(body.get("limit") or 100), self.page)
        shown = rows[start : start + size]
        if body.get("include_all_metadata") not in (True, "1", "true"):
            shown = [_without_payload(row) for row in shown]
        more = f"at:{start + size}" if start + size < len(rows) else ""
        return {"ok": True, name: shown, "response_metadata": {"next_cursor": more}}

    def _announce(self, body: dict[str, Any]) -> Answer:
        if not body.get("filename") or int(body.get("length") or 0) < 1:
            return refuse("invalid_arguments")
        file_id = f"F{len(self.files) + 1:09d}"
        self.files.append(File(file_id, body["filename"], int(body["length"]), body.get("alt_txt")))
        return {"ok": True, "upload_url": self.upload_url(file_id), "file_id": file_id}

    def _complete(self, body: dict[str, Any]) -> Answer:
        name = self._name(body.get("channel_id"))
        if problem := self._place_problem(name):
            return problem
        known = {file.id: file for file in self.files if file.content is not None}
        given = body.get("files") or []
        if not given or any(one.get("id") not in known for one in given):
            return refuse("file_not_found")
        thread_ts = body.get("thread_ts")
        if thread_ts and self._row(name or "", thread_ts) is None:
            return refuse("thread_not_found")
        rows = []
        for one in given:
            file = known[one["id"]]
            file.title, file.channel, file.thread_ts = one.get("title"), name, thread_ts
            rows.append({"id": file.id, "name": file.name, "title": file.title})
        self._add(name or "", {"bot_id": BOT, "text": "", "files": rows}, thread_ts)
        return {"ok": True, "files": rows}

    def _row(self, channel: str, ts: Any) -> Row | None:
        return next((row for row in self._rows.get(channel, []) if row["ts"] == ts), None)

    def _add(self, channel: str, row: Row, thread_ts: str | None) -> Row:
        ts = f"{int(time.time())}.{next(self._count):06d}"
        row = {"type": "message", "ts": ts, **row}
        if thread_ts:
            row["thread_ts"] = thread_ts
        self._rows.setdefault(channel, []).append(row)
        return row


def _post(channel: str, row: Row, broadcast: bool = False) -> Post:
    blocks, thread_ts = row.get("blocks") or [], row.get("thread_ts")
    key = _key(row.get("metadata"))
    return Post(channel, row["text"], blocks, row["ts"], thread_ts, key, broadcast)


def _without_payload(row: Row) -> Row:
    """Return a row as it is shown to who does not ask for all metadata: without its payload."""
    if "metadata" not in row:
        return row
    return {**row, "metadata": {"event_type": row["metadata"]["event_type"]}}


def _key(metadata: Any) -> str | None:
    return ((metadata or {}).get("event_payload") or {}).get("key")
