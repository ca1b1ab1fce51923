"""What a backup says of itself."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftloop.base.settings import Settings

FORMAT = 1
MANIFEST = "manifest.json"
DATABASES = ("prefect", "mlflow")
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
