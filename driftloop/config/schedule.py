"""The schedule of a model: a cron expression in a time zone, derived from its window."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import Field, field_validator

from driftloop.base.errors import ConfigError
from driftloop.base.periods import Span
from driftloop.base.settings import Settings

_FIELD = re.compile(r"^[\d*/,\-?#LW]+$|^[A-Za-z]{3}(?:[,\-][A-Za-z]{3})*$", re.ASCII)
_ONCE_A = {
    "minute": "* * * * *",
    "hour": "5 * * * *",
    "day": "0 6 * * *",
    "week": "0 6 * * 1",
    "month": "0 6 1 * *",
    "year": "0 6 1 1 *",
}
_EVERY = {
    "minute": (60, "*/{n} * * * *"),
    "hour": (24, "5 */{n} * * *"),
    "month": (12, "0 6 1 */{n} *"),
}


class Schedule(Settings):
    """When the deployment that monitors a model runs."""

    cron: str | None = Field(
        default=None,
        description="Minute, hour, day, month, weekday; left out, once for every current window.",
    )
    timezone: str = Field(
        default="UTC",
        description="Zone of the cron expression, such as Europe/Berlin; windows are in UTC.",
    )
    active: bool = Field(default=True, description="False registers the deployment without it.")
    fleet: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        description="The fleet that runs this model when its time has come, in place of a "
        "deployment's schedule of its own; any name, in lower case.",
    )

    @field_validator("cron")
    @classmethod
    def _has_five_fields(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = value.split()
        if len(parts) != 5 or not all(_FIELD.match(part) for part in parts):
            raise ValueError(
                f"{value!r} is not a cron expression; write minute, hour, day of month, month and "
                "day of week, such as '0 6 * * 1' (Mondays at 06:00)"
            )
        return " ".join(parts)

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"{value!r} is not a time zone; write one of the IANA database, such as UTC, "
                "Europe/Berlin or America/New_York"
            ) from None
        return value

    def cron_for(self, window: Span) -> str:
        """Return the cron expression: the given one, or one run for every window of this length.

        Where cron cannot count a length (two weeks, say), the runs are one for each of its units,
        and successive windows overlap.
        """
        return self.cron or default_cron(window)

    def last_time(self, window: Span, as_of: datetime) -> datetime:
        """Return the newest moment at which a run was due, at or before `as_of`.

        Raises:
            ConfigError: if the expression has an extension of cron that cannot be counted back.
        """
        cron = self.cron_for(window)
        minute = as_of.astimezone(ZoneInfo(self.timezone)).replace(second=0, microsecond=0)
        try:
            return next(CronSim(cron, minute + timedelta(seconds=1), reverse=True)).astimezone(UTC)
        except (CronSimError, StopIteration):
            raise ConfigError(
                f"schedule: cron: {cron!r} cannot be counted back to its last time; write numbers, "
                "lists, ranges, steps and * only"
            ) from None


def default_cron(window: Span) -> str:
    """Return the expression that runs soon after the end of each window of this length."""
    whole, form = _EVERY.get(window.unit, (0, ""))
    if window.count > 1 and whole and whole % window.count == 0:
        return form.format(n=window.count)
    return _ONCE_A[window.unit]
