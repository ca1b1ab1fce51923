"""The one clock of alerts, so that tests can set it, and how long a run took."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


def stamps() -> dict[str, str]:
    """Return as tags when a run is recorded and how many seconds it has taken so far.

    Both are of the real clock, and of this attempt where a run was cut off before.
    """
    from prefect.context import FlowRunContext

    moment, context = datetime.now(UTC), FlowRunContext.get()
    noted = {"recorded_at": moment.isoformat()}
    if context is None:
        return noted
    return {**noted, "seconds": f"{(moment - context.start_time).total_seconds():.3f}"}
