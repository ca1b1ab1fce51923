"""A hundred services by Apprise: Microsoft Teams, Discord, Opsgenie, Telegram and others."""

from typing import Literal

from pydantic import Field

from driftloop.alerts.channels.base import ChannelSettings
from driftloop.base.settings import secret_block, secret_variable


class AppriseChannel(ChannelSettings):
    """Any service that Apprise reaches, by its address, such as ``msteams://…`` or ``discord://…``.

    The address is a secret, because it carries a token. A message per event; what a service cannot
    show, such as pictures, is left out.
    """

    kind: Literal["apprise"] = "apprise"
    identified_by = "name"
    name: str = Field(
        default="default", min_length=1, description="A name of your own for the service."
    )
    url_variable: str = secret_variable("DRIFTLOOP_APPRISE_URL", "Apprise's address of the service")
    url_secret: str = secret_block("driftloop-apprise-url")
