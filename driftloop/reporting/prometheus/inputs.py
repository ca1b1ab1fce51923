"""The inputs of a model's metrics, all of them from durable records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from driftloop.alerts.channels import Channel
from driftloop.alerts.incident import AlertState, Incident, PastIncident
from driftloop.base.errors import DataError
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.tags import RunTags
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
class MetricInputs:
    """The state of a model according to its records; `period` is the length of its window.

    `retrainings` are the tags of all recorded ones, newest first; `losing` counts the newest
    challengers in a row that did not win; `ledger` has every move of the champion, oldest first.
    """

    model: str
    now: datetime
    period: timedelta
    channels: tuple[Channel, ...]
    alerts: AlertState
    champion: ModelVersion | None = None
    last: LastRun | None = None
    retrainings: tuple[RunTags, ...] = ()
    losing: int = 0
    ledger: tuple[Entry, ...] = ()

    @property
    def champion_since(self) -> datetime | None:
        """When the champion last became champion, according to the ledger."""
        moves = [entry for entry in self.ledger if entry.kind in MOVES]
        known = moves and self.champion is not None and moves[-1].version == self.champion.version
        return moves[-1].at if known else None

    @property
    def episodes(self) -> list[PastIncident | Incident]:
        """The incidents that are kept, oldest first: the newest closed ones, and the last.

        A reopened incident is one episode, which ends when it is finally resolved.
        """
        episodes: dict[int, PastIncident | Incident] = {}
        for past in self.alerts.past:
            episodes[past.number] = past
        for incident in self.alerts.incidents:
            episodes[incident.number] = incident
        return [episodes[number] for number in sorted(episodes)]


def read_record(stored: Mapping[str, Any]) -> MonitorRecord:
    """Return the record that a monitoring run stored, without retraining, trials and shapes.

    No metric uses those, so an older form of them does no harm.

    Raises:
        DataError: if a field is missing or of the wrong type.
    """
    used = {**stored, "retrain": None, "trials": ()}
    if isinstance(stored.get("findings"), list):
        used["findings"] = [{**finding, "shape": None} for finding in stored["findings"]]
    if stored.get("label"):
        used["label"] = {**stored["label"], "shape": None}
    try:
        return _RECORD.validate_python(used)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "record"
        raise DataError(f"not a stored monitoring run: {where}: {first['msg']}") from None
