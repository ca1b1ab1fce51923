"""The clock of alerts, which tests can set, and the duration of a run."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


def run_time() -> tuple[datetime, float | None]:
    """Return the present moment and how many seconds the flow run has taken so far.

    Both are of the real clock, and of this attempt where a run was cut off before. Outside a flow
    run the seconds are None.
    """
    from prefect.context import FlowRunContext

    moment, context = datetime.now(UTC), FlowRunContext.get()
    return moment, (moment - context.start_time).total_seconds() if context else None
