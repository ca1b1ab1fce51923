"""A page on disk that looks like a Slack channel."""

import re
from typing import Literal

from pydantic import Field, field_validator

from driftloop.alerts.channels.base import ChannelSettings

_PATH = re.compile(r"(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.html", re.ASCII)


class PageChannel(ChannelSettings):
    """An HTML page in the state folder: incidents with their threads and pictures, as in Slack.

    For a first look, and for teams without Slack. It needs no account and no network; a page
    belongs to one machine, so that workers on several machines each write their own.
    """

    kind: Literal["page"] = "page"
    identified_by = "path"
    path: str = Field(
        default="alerts.html", description="Where the page is, below the state folder."
    )

    @field_validator("path")
    @classmethod
    def _below_the_state(cls, path: str) -> str:
        if not _PATH.fullmatch(path):
            raise ValueError(
                f"received {path!r}; valid: a path below the state folder that ends in .html, "
                "such as alerts.html or pages/payments.html"
            )
        return path
