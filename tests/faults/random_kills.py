"""Random kills: a run is killed one to three times at random moments, run once more, and compared.

Each trial follows from its seed, its operation and its number, so any of them can be repeated. The
whole process group is killed, and with it Git; DVC works inside the process. What the run leaves is
compared with what an undisturbed one leaves:

- lost: something that has to be there is not;
- blocked: the last run failed, or took longer than a minute;
- wrong: something is there and is not what it has to be;
- doubled: something is there more often than it has to be.
"""

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import snapshot_ground
from faults import ground
from faults.forks import Zygote, zygote_process
from peers.hook import HookPeer
from peers.slack import SlackPeer
from snapshot_ground import drop, week_rows

NOTES = "dvc-site"
PATIENCE = 60.0
"""Seconds that the last run may take."""
LONGEST_DELAY = 0.03
"""Seconds after an event at which a kill may come: Git's commands take about as long."""
CHANNELS = (*ground.SLACK, {"kind": "webhook"})
SNAPSHOTS = ("snapshot", "snapshot behind")
TEMPLATES = {
    "retrain": "first",
    "monitor": "second",
    "roll back": "second",
    "deliver": "waiting",
    **{name: name for name in SNAPSHOTS},
}
"""What each begins with: a first champion, a second one on probation, or posts to send."""


@dataclass(frozen=True, slots=True)
class Kill:
    """A kill at an event of a run, or so many seconds after it."""

    event: int
    delay: float


@dataclass(frozen=True, slots=True)
class Result:
    """How a trial ended: `faults` by outcome, and how many of its kills met a run."""

    operation: str
    number: int
    kills: tuple[Kill, ...]
    met: int
    faults: tuple[tuple[str, str], ...]
    webhook_doubles: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What a run leaves that nobody disturbs, and how many events it has."""

    state: dict[str, Any]
    events: int


def kills_of(seed: int, operation: str, number: int, events: int) -> tuple[Kill, ...]:
    """Return the kills of a trial: half of them right at an event, half of them a little later."""
    rng = random.Random(f"{seed}/{operation}/{number}")
    return tuple(
        Kill(rng.randint(1, events), rng.choice((0.0, rng.uniform(0, LONGEST_DELAY))))
        for _ in range(rng.randint(1, 3))
    )


class Kills:
    """Trials in one folder, which every trial finds as the template of its operation has it."""

    def __init__(self, folder: Path, zygote: Zygote, slack: SlackPeer, hook: HookPeer) -> None:
        self._folder, self._zygote = folder, zygote
        self._slack, self._hook = slack, hook
        self._undisturbed: dict[str, Undisturbed] = {}
        self._posted: dict[str, Any] = {}
        self._silence = slack.kept()

    def trial(self, operation: str, seed: int, number: int) -> Result:
        """Kill, run again, and compare."""
        begin = time.monotonic()
        meant = self.undisturbed(operation)
        place = self._fresh(TEMPLATES[operation])
        kills = kills_of(seed, operation, number, meant.events)
        met = 0
        for kill in kills:
            fault = {"how": "moment", "kill": kill.event, "delay": kill.delay}
            met += self._run(operation, place, fault).get("signal") == 9
        last = time.monotonic()
        ended = self._run(operation, place)
        last = time.monotonic() - last
        if "ok" not in ended:
            faults = [("blocked", ended.get("line") or ended.get("trace", "it ended"))]
        elif last > PATIENCE:
            faults = [("blocked", f"it took {last:.0f} s")]
        else:
            faults = differences(meant.state, self._state(operation, place))
        doubles = len(self._hook.deliveries) - len(set(self._hook.deliveries))
        if doubles > met:
            faults.append(("doubled", f"{doubles} events on the webhook after {met} kills"))
        seconds = time.monotonic() - begin
        return Result(operation, number, kills, met, tuple(faults), doubles, seconds)

    def undisturbed(self, operation: str) -> Undisturbed:
        """Return what the operation leaves when nobody disturbs it; it is run once."""
        if operation not in self._undisturbed:
            place = self._fresh(TEMPLATES[operation])
            ended = self._run(operation, place, {"how": "count"})
            assert "ok" in ended, ended
            state = self._state(operation, place)
            assert differences(state, state) == []
            self._undisturbed[operation] = Undisturbed(state, ended["events"])
        return self._undisturbed[operation]

    def _run(self, operation: str, place: Path, fault: Any = None) -> dict[str, Any]:
        work = "snapshot" if operation in SNAPSHOTS else operation
        return self._in(place).run(work, place, fault)

    def _in(self, place: Path, **env: str) -> Zygote:
        """Return the process, with DVC's notes in the place: they are copied with the rest."""
        notes = {"DVC_SITE_CACHE_DIR": str(place.parent / NOTES)}
        return Zygote(self._zygote.process, {**self._zygote.env, **notes, **env})

    def _state(self, operation: str, place: Path) -> dict[str, Any]:
        work = "snapshot state" if operation in SNAPSHOTS else "state"
        said = self._in(place).run(work, place)
        assert "ok" in said, said
        posts = [[(post.key or "").partition("/")[2], post.text] for post in self._slack.posts]
        events = sorted(key.partition("/")[2] for key in set(self._hook.deliveries))
        return {**said["ok"], "posts": posts, "webhook": events}

    def _fresh(self, template: str) -> Path:
        """Put a template in its place again, and let the channels hold what they held then."""
        kept, place = self._folder / f"{template} template", self._folder / "place"
        if not kept.exists():
            self._build(template)
            place.rename(kept)
            self._posted[template] = self._slack.kept()
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(kept, place, symlinks=True)
        self._slack.restore(self._posted[template])
        self._hook.deliveries.clear()
        return place / "work"

    def _build(self, template: str) -> None:
        place = self._folder / "place"
        work = place / "work"
        if template in ("second", "waiting"):
            self._fresh("first")
        else:
            shutil.rmtree(place, ignore_errors=True)
            self._slack.restore(self._silence)
        with mock.patch.dict(os.environ, {"DVC_SITE_CACHE_DIR": str(place / NOTES)}):
            if template in SNAPSHOTS:
                _snapshot_ground(place, behind=template == "snapshot behind")
            elif template == "first":
                ground.build(work, CHANNELS)
                self._do("bootstrap", work)
        if template == "second":
            self._do("retrain", work)
        elif template == "waiting":
            assert self._in(work, **_NOWHERE).run("retrain", work).get("error") == "DeliveryError"

    def _do(self, work: str, place: Path) -> None:
        ended = self._in(place).run(work, place)
        assert "ok" in ended, ended


_NOWHERE = {"SLACK_API_URL": "http://127.0.0.1:9/", "DRIFTLOOP_WEBHOOK_URL": "http://127.0.0.1:9/"}


def _snapshot_ground(place: Path, behind: bool) -> None:
    """Make the data's working copy; another one has made a snapshot meanwhile if it is behind."""
    work = snapshot_ground.build(place)
    if behind:
        other = snapshot_ground.clone(work)
        drop(work, "0.csv", week_rows(3))
        snapshot_ground.take(other, day="2026-03-19T02:00:00Z")
        shutil.rmtree(other)
    drop(work, "1.csv", week_rows(2, labelled=False))
    drop(work, "2.csv", week_rows(2).iloc[:7][["id", "bad"]])
    drop(work, "3.csv", week_rows(0).assign(bad=1)[["id", "bad"]])


@contextmanager
def in_folder(folder: Path) -> Iterator[Kills]:
    """Yield trials in a folder, with a process that forks, a Slack and a webhook of their own."""
    peers = SlackPeer(channels=("#ml-alerts",)), HookPeer()
    with peers[0] as slack, peers[1] as hook, zygote_process() as process:
        yield Kills(folder, Zygote(process, channel_variables(slack, hook)), slack, hook)


def channel_variables(slack: SlackPeer, hook: HookPeer) -> dict[str, str]:
    """Return the environment in which runs post to the peers."""
    return {
        "SLACK_BOT_TOKEN": slack.token,
        "SLACK_API_URL": slack.api_url,
        "DRIFTLOOP_WEBHOOK_URL": hook.url,
        "DRIFTLOOP_WEBHOOK_SECRET": hook.secret,
    }


def differences(meant: Mapping[str, Any], found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each difference with its outcome."""
    faults = []
    for name, value in meant.items():
        if value == found[name]:
            continue
        if isinstance(value, list | dict):
            faults += _of_items(name, _items(value), _items(found[name]))
            continue
        outcome = "lost" if name == "pending" else "wrong"
        faults.append((outcome, f"{name}: {found[name]!r}, not {value!r}"))
    return faults


def _of_items(name: str, meant: list[str], found: list[str]) -> list[tuple[str, str]]:
    lacking, more = Counter(meant) - Counter(found), Counter(found) - Counter(meant)
    if not lacking and not more:
        return [("wrong", f"{name}: in another order")]
    if lacking and more:
        return [("wrong", f"{name}: {min(more)}, not {min(lacking)}")]
    if lacking:
        return [("lost", f"{name}: {min(lacking)}")]
    return [("doubled", f"{name}: {min(more)}")]


def _items(value: Any) -> list[str]:
    parts = value.items() if isinstance(value, dict) else value
    return [str(part) for part in parts]
