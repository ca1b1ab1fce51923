"""PagerDuty, by its Events API v2."""

from typing import Literal

from pydantic import Field

from driftloop.alerts.channels.base import ChannelSettings, Level


class PagerDutyChannel(ChannelSettings):
    """A PagerDuty service: an incident is triggered, acknowledged and resolved there.

    Needs the integration key of an "Events API v2" integration. Only incidents are sent, each under
    one dedup key, so that PagerDuty joins what belongs together; no digest.
    """

    kind: Literal["pagerduty"] = "pagerduty"
    at_least: Level = Field(default="page", description="Least severity that is sent here.")
    digest: Literal[False] = Field(default=False, description="No digest is sent here.")
    service: str = Field(
        default="default", min_length=1, description="A name of your own for the service."
    )
    key_variable: str = Field(
        default="PAGERDUTY_ROUTING_KEY",
        description="Environment variable that holds the integration (routing) key.",
    )
    key_secret: str = Field(
        default="pagerduty-routing-key",
        description="Prefect Secret block read where the variable is unset.",
    )

    @property
    def key(self) -> str:
        """The name under which deliveries to this channel are remembered."""
        return f"pagerduty:{self.service}"
