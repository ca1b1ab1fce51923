"""Result of `driftloop prune`: what it removed of past runs, or would remove."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, computed_field

from driftloop.alerts.messages.wording import count

Kind = Literal["runs", "reports", "copies of reports", "profiles"]


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed of one kind of one model."""

    model: str
    kind: Kind
    count: int
    oldest: Annotated[
        datetime, Field(description="As of when its oldest run was; when a copy was last used.")
    ]
    size: Annotated[int, Field(description="Bytes of the files.")]


@dataclass(frozen=True, slots=True)
class Pruning:
    """What was removed of all models; ``driftloop prune --json``."""

    dry_run: bool
    removals: tuple[Removal, ...]

    @computed_field
    @property
    def sentence(self) -> str:
        """What it came to."""
        things = count(sum(removal.count for removal in self.removals), "thing")
        size = sum(removal.size for removal in self.removals) / 1e6
        if not self.removals:
            return "Nothing is older than `retention` says, or no model has such settings."
        done = "would be removed" if self.dry_run else "removed"
        return f"{things} {done}, {size:,.1f} MB."
