"""Names of flow runs, the moment as of which they run, and the words beside their state."""

from datetime import UTC, datetime
from typing import TypeVar, cast

from prefect.runtime import flow_run
from prefect.states import Completed

from driftloop.base.periods import format_time, parse_time

Record = TypeVar("Record")


def resolve_as_of(as_of: datetime | None) -> datetime:
    """Return the given moment, else the time for which the run was scheduled, else now.

    A run that starts late then does what it would have done on time.
    """
    if as_of is not None:
        return parse_time(as_of)
    planned = flow_run.scheduled_start_time
    return parse_time(planned) if planned is not None else datetime.now(UTC)


def run_name() -> str:
    """Return a run's name, such as ``monitor payments 2026-03-02``."""
    parameters = flow_run.parameters
    day = format_time(resolve_as_of(parameters.get("as_of")))
    return f"{flow_run.flow_name} {parameters['model']} {day}"


def all_models_run_name() -> str:
    """Return the name of a run for all models, such as ``digest 2026-03-02 08:00``."""
    return f"{flow_run.flow_name} {format_time(resolve_as_of(flow_run.parameters.get('as_of')))}"


def with_words(record: Record, words: str) -> Record:
    """Return what a flow returns so that Prefect shows ``Completed: <words>``.

    It is a state; who calls the flow gets the record, as from a flow that returns it.
    """
    return cast(Record, Completed(message=words, data=record))
