"""E-mail, by SMTP."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from driftloop.alerts.channels.base import ChannelSettings
from driftloop.base.settings import secret_block, secret_variable

_ADDRESS = r"^[^@\s<>,;\"\r\n]+@[^@\s<>,;\"\r\n]+$"


def _addressed(address: str) -> str:
    if not re.fullmatch(_ADDRESS, address):
        raise ValueError(f"received {address!r}; valid: an address such as oncall@example.org")
    return address


Address = Annotated[str, AfterValidator(_addressed), Field(json_schema_extra={"pattern": _ADDRESS})]


class EmailChannel(ChannelSettings):
    """E-mail: one mail per event, threaded by incident in the mail program."""

    kind: Literal["email"] = "email"
    identified_by = "to"
    to: tuple[Address, ...] = Field(min_length=1, description="Addresses that get the mails.")
    sender: Address = Field(description="Address that the mails come from.")
    host: str = Field(min_length=1, description="SMTP server.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is encrypted."
    )
    user: str | None = Field(default=None, description="User to log in as; none if left out.")
    password_variable: str = secret_variable("SMTP_PASSWORD", "the password")
    password_secret: str = secret_block("smtp-password")

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> Self:
        local = self.host in ("localhost", "127.0.0.1", "::1")
        if self.user is not None and self.security == "none" and not local:
            raise ValueError(
                "user with security none would send the password in clear; valid: starttls, tls"
            )
        return self
