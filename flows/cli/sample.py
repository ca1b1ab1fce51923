"""The first runs of the sample: a champion, and a run for each week that lies behind."""

import os
from dataclasses import replace
from datetime import datetime

from rich.progress import Progress

from driftloop.base.workspace import Workspace
from flows.cli.session import notes
from tasks.onboarding.sample import MODEL, past_mondays
from tasks.registry.opening import open_registry
from tasks.stack.checks import keep_password
from tasks.stack.login.access import auth_string
from tasks.stack.prefect_server import prefect_at
from tasks.stack.services import Plan


def run_past_weeks(place: Workspace, plan: Plan, now: datetime) -> None:
    """Train the sample's first champion and judge the weeks since, on the stack that runs.

    It goes on after the newest run, so that it can be cut off, and a schedule is not repeated.
    """
    plan = replace(plan, password=keep_password(plan.folder))
    os.environ.update(plan.clients)
    with prefect_at(plan.prefect_api, auth_string(plan.password)):
        from flows.bootstrap import bootstrap
        from flows.dashboard import dashboard
        from flows.monitor import monitor

        root, registry = str(place.root), open_registry(place)
        first, *weeks = past_mondays(place, now)
        newest = max((run.as_of for run in registry.past_runs(MODEL, now)), default=first)
        missing = [week for week in weeks if week > newest]
        with Progress(console=notes, transient=True) as progress:
            bar = progress.add_task("training the first champion", total=len(missing) + 2)
            if registry.champion(MODEL) is None:
                bootstrap(MODEL, as_of=first, workspace=root)
            for week in missing:
                progress.update(bar, advance=1, description=f"judging the week to {week:%d %B}")
                monitor(MODEL, as_of=week, workspace=root)
            progress.update(bar, advance=1, description="drawing the page of all models")
            dashboard(workspace=root)
