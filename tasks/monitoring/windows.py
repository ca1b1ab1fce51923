"""Rows of a monitoring run: reference, current and labelled, by configuration and champion."""

from dataclasses import dataclass, replace

from driftloop.base.data_slices import DataSlice, Snapshot
from driftloop.base.errors import RegistryError
from driftloop.base.periods import Window
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.windows import ChampionReference, SeasonReference
from tasks.monitoring.profile_file import StoredProfile
from tasks.monitoring.reference_profiles import open_profile
from tasks.runtime.job import Job
from tasks.runtime.step import step
from tasks.snapshots.resolve import open_snapshot


@dataclass(frozen=True, slots=True)
class Slices:
    """The rows that are compared: reference and current, and those with fresh labels.

    `profile_run` is the MLflow run that stores the profile of the reference, and `holdout` the rows
    that the champion was compared on.
    """

    reference: DataSlice
    current: DataSlice
    labelled: DataSlice
    profile_run: str | None = None
    holdout: DataSlice | None = None

    def profile(self, job: Job) -> StoredProfile:
        """Return the profile of the reference."""
        return open_profile(job, self.reference, self.profile_run)


@step("choose windows", retries=2)
def choose_slices(job: Job, snapshot: Snapshot, champion: ModelVersion) -> Slices:
    """Return the slices to compare, from the configuration and the champion's own data."""
    holdout = None
    if champion.holdout is not None:
        trained = trained_on(champion)
        holdout = replace(trained, window=champion.holdout, rows=None)
    return Slices(
        reference_slice(job, snapshot, champion),
        DataSlice(snapshot, job.window),
        DataSlice(snapshot, job.labelled_window),
        profile_run(job, champion),
        holdout,
    )


def reference_slice(
    job: Job, snapshot: Snapshot, champion: ModelVersion, judged: Window | None = None
) -> DataSlice:
    """Return the reference rows of a champion for a window, the job's own if none is given."""
    kind, judged = job.config.windows.reference, judged or job.window
    training = trained_on(champion)
    if not isinstance(kind, ChampionReference):
        window = kind.window(judged, training.window)
        return DataSlice(snapshot, window, kind.left_out(judged))
    return training


def reference_profile(
    job: Job, snapshot: Snapshot, champion: ModelVersion, judged: Window | None = None
) -> StoredProfile:
    """Return the profile of the reference rows of a champion, for a window of their season."""
    seasonal = isinstance(job.config.windows.reference, SeasonReference)
    part = reference_slice(job, snapshot, champion, judged if seasonal else None)
    return open_profile(job, part, profile_run(job, champion))


def trained_on(champion: ModelVersion) -> DataSlice:
    """Return the rows a champion was trained on, with the files of their snapshot.

    Raises `RegistryError` if the version does not say what it was trained on.
    """
    if champion.training is None:
        raise RegistryError(
            f"{champion.model} version {champion.version} does not say what it was trained on; "
            f"train a champion with 'driftloop retrain {champion.model}'"
        )
    recorded = champion.training.snapshot
    snapshot = open_snapshot(recorded.repository, recorded.rev, recorded.path)
    return replace(champion.training, snapshot=snapshot)


def profile_run(job: Job, champion: ModelVersion) -> str | None:
    """Return the run that stores the reference's profile; only a champion's own data have one."""
    own = isinstance(job.config.windows.reference, ChampionReference)
    return champion.run_id if own and champion.run_id else None
