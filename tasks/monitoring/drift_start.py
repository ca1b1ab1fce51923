"""Start of the present drift, by the data and not by earlier runs."""

from datetime import datetime
from itertools import islice

from driftloop.base.data_slices import DataSlice, Snapshot
from driftloop.base.periods import Window, split_window
from driftloop.base.retrain_record import ModelVersion
from driftloop.decision.window_analysis import analyse_window, verdict_of_analysis
from tasks.monitoring.scope import analysis_scope, criteria
from tasks.monitoring.windows import reference_profile
from tasks.registry.opening import open_registry
from tasks.registry.protocol import importances_of
from tasks.runtime.job import Job
from tasks.runtime.step import step
from tasks.snapshots.parquet import slice_columns

MOST_WINDOWS = 104


@step("find change", retries=2)
def find_drift_start(job: Job, snapshot: Snapshot, champion: ModelVersion) -> datetime | None:
    """Return the start of the first window of the drift from the champion's reference, or None.

    Goes back from the current window, one window at a time, until one shows no drift, where the
    champion's training begins, or `MOST_WINDOWS` ago. Windows that cannot be judged are skipped.
    """
    if champion.training is None:
        return None
    by = criteria(job, importances_of(open_registry(job.workspace), champion.run_id))
    past = Window(champion.training.window.end, job.window.end)
    since = None
    for period in islice(split_window(past, job.config.windows.current), MOST_WINDOWS):
        window = slice_columns(DataSlice(snapshot, period), job.config.data.time, job.workspace)
        profile = reference_profile(job, snapshot, champion, period)
        analysis = analyse_window(profile, window, analysis_scope(job), by)
        status = verdict_of_analysis(analysis, job.config.drift).status
        if status == "inconclusive":
            continue
        if status != "drift":
            break
        since = period.start
    return since
