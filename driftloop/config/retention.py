"""How long what past runs left is kept; nothing is removed unless it is asked for."""

from pydantic import Field

from driftloop.base.periods import LengthField
from driftloop.base.settings import Settings


class Retention(Settings):
    """How long runs, reports and profiles are kept; what is left out is kept for good."""

    runs: LengthField | None = Field(
        default=None,
        description="How long a monitoring run is kept in MLflow, such as 2 years; the newest 120 "
        "always are, and so is every training run.",
    )
    reports: LengthField | None = Field(
        default=None,
        description="How long a report is kept, with its run and as a local copy, such as "
        "6 months; that of the newest run always is.",
    )
    profiles: LengthField | None = Field(
        default=None,
        description="How long a local copy of a reference profile is kept after its last use; the "
        "profile that is stored with its champion always is.",
    )
