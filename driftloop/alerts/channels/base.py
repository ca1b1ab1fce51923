"""Settings of every channel, and what a channel says that is reached by HTTP."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from difflib import get_close_matches
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator, model_validator

from driftloop.alerts.message import LEVELS, Kind, Level, OutgoingMessage
from driftloop.base.settings import Settings


class QuietHours(Settings):
    """Hours in which messages wait, unless they are severe enough.

    They are sent by the first run of ``deliver`` or of the model after the hours end.
    """

    start: time = Field(default=time(22), description="Local time at which they begin.")
    end: time = Field(default=time(7), description="Local time at which they end.")
    timezone: str = Field(default="UTC", description="IANA name, such as Europe/Berlin.")
    weekends: bool = Field(default=False, description="Saturday and Sunday are quiet all day.")
    unless: Level = Field(
        default="page", description="Severity from which messages are sent at any hour."
    )

    @field_validator("start", "end", mode="before")
    @classmethod
    def _written_as_a_time(cls, value: Any) -> Any:
        if isinstance(value, int | float):
            raise ValueError(f"received {value!r}; valid: a time such as 22:00")
        return value

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        zones = available_timezones()
        if name not in zones:
            near = get_close_matches(name, sorted(zones), n=1) or ["Europe/Berlin"]
            raise ValueError(
                f"received {name!r}, which is not a time zone; valid: an IANA name such as "
                f"{near[0]}"
            )
        return name

    @model_validator(mode="after")
    def _last_some_time(self) -> Self:
        if self.start == self.end:
            raise ValueError(f"start and end are both {self.start:%H:%M}; they must differ")
        if self.start.tzinfo or self.end.tzinfo:
            raise ValueError("start and end are local times; give the zone under timezone")
        return self

    def hold(self, level: Level, now: datetime) -> bool:
        """Return whether messages of this severity wait at this moment."""
        if LEVELS.index(level) >= LEVELS.index(self.unless):
            return False
        local = now.astimezone(ZoneInfo(self.timezone))
        if self.weekends and local.weekday() >= 5:
            return True
        at = local.time()
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


class ChannelSettings(Settings):
    """Settings that all channels share."""

    kind: str
    identified_by: ClassVar[str] = ""
    """The setting that tells channels of one kind apart; empty where there is only one."""
    at_least: Level = Field(
        default="info", description="Least severity that is sent here; good news counts as info."
    )
    quiet_hours: QuietHours | None = Field(
        default=None, description="Hours in which messages wait; none if left out."
    )
    digest: bool = Field(default=True, description="Whether the weekly digest is sent here.")

    @property
    def key(self) -> str:
        """The name under which deliveries to this channel are remembered."""
        if not self.identified_by:
            return self.kind
        value = getattr(self, self.identified_by)
        return f"{self.kind}:{value if isinstance(value, str) else ','.join(value)}"

    def takes(self, level: Level) -> bool:
        """Return whether messages of this severity are sent here."""
        return LEVELS.index(level) >= LEVELS.index(self.at_least)

    def holds(self, level: Level, now: datetime) -> bool:
        """Return whether messages of this severity wait at this moment."""
        return self.quiet_hours is not None and self.quiet_hours.hold(level, now)


@dataclass(frozen=True, slots=True)
class ChannelSecret:
    """A secret that a channel needs, and the variable or Prefect Secret block that holds it."""

    name: str
    variable: str
    block: str


@dataclass(frozen=True, slots=True)
class HttpPost:
    """What is posted to a URL, which may be a secret itself."""

    url: str
    body: bytes
    headers: Mapping[str, str]


class HttpChannel(ChannelSettings):
    """A channel that is reached by HTTP: it says what is posted, `tasks.alerts.senders` posts it.

    A post may be repeated after a fault, so the receiver has to recognise it, as by its key.
    """

    @property
    @abstractmethod
    def label(self) -> str:
        """The name of the receiver in errors."""

    @property
    @abstractmethod
    def secrets(self) -> tuple[ChannelSecret, ...]:
        """The secrets without which nothing can be posted, the URL first if it is one."""

    @property
    def remedy(self) -> str:
        """What to do where the URL is not valid or the message was refused."""
        url = self.secrets[0]
        return f"check the URL in {url.variable} or the Secret block {url.block}"

    def wants(self, kind: Kind) -> bool:
        """Return whether messages of this kind are sent here."""
        return True

    @abstractmethod
    def posts(
        self, outgoing: OutgoingMessage, secrets: tuple[str, ...], now: datetime
    ) -> tuple[HttpPost, ...]:
        """Return what is posted for a message, given the values of `secrets`."""

    def refusal(self, status: int, answer: str) -> str | None:
        """Return why a message was refused and what to do about it; None if it was accepted."""
        if 200 <= status < 300:
            return None
        return f"{self.label} refused the message (HTTP {status}); {self.remedy}"
