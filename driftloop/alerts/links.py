"""Moved here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses a message points at; a missing one is left out."""

    prefect_run: str | None = None
    mlflow_run: str | None = None
    model_version: str | None = None
    report: str | None = None
