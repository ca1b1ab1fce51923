"""The inputs of a model's metrics, all of them from durable records."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from driftloop.alerts.channels import Channel
from driftloop.alerts.incident import AlertState
from driftloop.base.errors import DataError
from driftloop.base.records import ModelVersion, MonitorRecord
from driftloop.promotion.ledger import MOVES, Entry

_RECORD = TypeAdapter(MonitorRecord)


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest monitoring run: what it recorded, when, and how long it took.

    `at` and `seconds` are None for runs of an older driftloop, which did not note them.
    """

    record: MonitorRecord
    at: datetime | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Retraining:
    """One recorded retraining; `trained` is false where no challenger could be made."""

    as_of: datetime
    trained: bool
    won: bool
    promoted: bool
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class MetricInputs:
    """The state of a model according to its records.

    Args:
        model: its name.
        now: the present moment.
        period: the length of the window that a run judges.
        channels: where its messages go.
        alerts: its incidents and messages.
        champion: the version that serves.
        last: the newest monitoring run.
        retrainings: all recorded ones, newest first.
        losing: consecutive challengers that did not win.
        ledger: every move of the champion alias, oldest first.
    """

    model: str
    now: datetime
    period: timedelta
    channels: tuple[Channel, ...]
    alerts: AlertState
    champion: ModelVersion | None = None
    last: LastRun | None = None
    retrainings: tuple[Retraining, ...] = ()
    losing: int = 0
    ledger: tuple[Entry, ...] = ()

    @property
    def champion_since(self) -> datetime | None:
        """When the champion last became champion, according to the ledger."""
        moves = [entry for entry in self.ledger if entry.kind in MOVES]
        known = moves and self.champion is not None and moves[-1].version == self.champion.version
        return moves[-1].at if known else None

    @property
    def episodes(self) -> tuple["Episode", ...]:
        """The incidents that are kept, oldest first: the newest closed ones, and the last.

        A reopened incident is one episode, which ends when it is finally resolved.
        """
        episodes = {episode.number: episode for episode in self._episodes()}
        return tuple(episodes[number] for number in sorted(episodes))

    def _episodes(self) -> Iterator["Episode"]:
        for past in self.alerts.past:
            yield Episode(past.number, past.since, past.opened_at, past.resolved_at)
        for incident in self.alerts.incidents:
            yield Episode(incident.number, incident.since, incident.opened_at, incident.resolved_at)


@dataclass(frozen=True, slots=True)
class Episode:
    """When an incident's trouble began, was found, and was over; None while it is open."""

    number: int
    since: datetime
    opened_at: datetime
    resolved_at: datetime | None


def read_record(stored: Mapping[str, Any]) -> MonitorRecord:
    """Return the record that a monitoring run stored, without retraining, trials and shapes.

    No metric uses those, so an older form of them does no harm.

    Args:
        stored: the record as plain JSON types.

    Raises:
        DataError: if a field is missing or of the wrong type.
    """
    findings = stored.get("findings")
    without_shapes = (
        [{**finding, "shape": None} for finding in findings]
        if isinstance(findings, list)
        else findings
    )
    label = {**stored["label"], "shape": None} if stored.get("label") else None
    used = {**stored, "findings": without_shapes, "label": label, "retrain": None, "trials": ()}
    try:
        return _RECORD.validate_python(used)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "record"
        raise DataError(f"not a stored monitoring run: {where}: {first['msg']}") from None
