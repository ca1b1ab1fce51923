"""The manifest of a backup, and the report of one."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from driftloop.base.settings import Settings

MANIFEST = "manifest.json"
Kind = Literal["sqlite", "postgresql"]


class BackedFile(Settings):
    """One file of a backup."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=0, description="Bytes.")


class Manifest(Settings):
    """The last entry of a backup: without it, the backup is not complete."""

    format: Literal[1] = 1
    created: datetime
    driftloop: str
    libraries: dict[str, str]
    state: str = Field(description="The state folder that was backed up.")
    databases: dict[str, Kind]
    folders: tuple[str, ...]
    elsewhere: tuple[str, ...] = Field(description="What is not in it, and where it is.")
    files: dict[str, BackedFile]

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts of the backup."""
        return (*self.databases, *self.folders)


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup; ``driftloop backup --json`` and ``driftloop restore --json``."""

    file: str
    parts: Annotated[
        tuple[str, ...], Field(description="Contents: databases, artifacts, documents.")
    ]
    files: int
    created: datetime
    sentence: str


def backup_of(file: Path, manifest: Manifest, sentence: str) -> Backup:
    """Return a backup with a sentence about it."""
    return Backup(str(file), manifest.parts, len(manifest.files), manifest.created, sentence)
