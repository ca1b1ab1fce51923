"""Contacts of a model: the owners of it and of its data, and its runbook, as messages name them."""

from pydantic import Field

from driftloop.alerts.blocks import clean
from driftloop.base.settings import Settings

_LIMIT = 120


class Contacts(Settings):
    """People and pages that stand in messages."""

    model: str = Field(default="", max_length=_LIMIT, description="Who owns the model.")
    data: str = Field(default="", max_length=_LIMIT, description="Who owns the data feed.")
    runbook: str | None = Field(
        default=None,
        pattern="^https?://",
        description="Address of the page that says what to do, linked from every message.",
    )

    @property
    def small_print(self) -> tuple[str, ...]:
        """Who owns what, as parts of a line."""
        owners = {"model": self.model, "data": self.data}
        return tuple(f"{what}: {clean(who, _LIMIT)}" for what, who in owners.items() if who)

    @property
    def data_owner(self) -> str:
        """Whom to tell that the data are broken."""
        return (
            f"{clean(self.data, _LIMIT)} (data feed)" if self.data else "the owner of the data feed"
        )


NOBODY = Contacts()
