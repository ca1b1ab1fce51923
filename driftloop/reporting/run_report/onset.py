"""Onset of drift in each feature: its effect size over past runs, with its floor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from driftloop.alerts.messages.wording import count
from driftloop.base.periods import format_time
from driftloop.base.scores import format_number
from driftloop.drift.effect_history import effect_of
from driftloop.profiling.effect_sizes import EFFECT_LABELS
from driftloop.reporting.html.axis import Points, scaled
from driftloop.reporting.run_report.history import MOST_RUNS
from driftloop.reporting.run_report.inputs import ReportInput, plotted_findings
from driftloop.reporting.run_report.past_runs import RunPoint, point_of_record

BOX = 240.0, 64.0, 6.0
MOST_PANELS = 12


@dataclass(frozen=True, slots=True)
class OnsetPanel:
    """One feature: sizes and floors as points of a plot in `BOX`, whether each exceeds its floor.

    `sentence` says how large it is now and since when it is above its floor.
    """

    name: str
    sizes: Points
    floors: Points
    above: tuple[bool, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class OnsetSection:
    """Small multiples over the same runs; `first` and `last` are their moments."""

    panels: tuple[OnsetPanel, ...]
    first: datetime
    last: datetime


def onset_section(report: ReportInput) -> OnsetSection | None:
    """Return the features that matter most over past runs; None where there is only one run."""
    now = point_of_record(report.run_id, report.record)
    runs = [run for run in (*report.past, now)[-MOST_RUNS:] if run.effects]
    if len(runs) < 2:
        return None
    plotted = plotted_findings(report.record)[:MOST_PANELS]
    window = report.record.as_of - report.record.window.start
    panels = []
    for finding, _ in plotted:
        effects = [effect_of(run.effects, finding.name) for run in runs]
        known = [(run, *effect) for run, effect in zip(runs, effects, strict=True) if effect]
        if len(known) > 1 and known[-1][0] is now:
            label = EFFECT_LABELS.get(finding.effect, finding.effect)
            began = _began(known)
            since = None if began is None else began.as_of - window
            panels.append(_panel(finding.name, label, known, since))
    return OnsetSection(tuple(panels), runs[0].as_of, now.as_of) if panels else None


def _began(known: Sequence[tuple[RunPoint, float, float]]) -> RunPoint | None:
    """Return the first of the newest runs in a row that were above their floor, if any were."""
    began = None
    for run, size, floor in reversed(known):
        if size <= floor:
            break
        began = run
    return began


def _panel(
    name: str,
    label: str,
    known: Sequence[tuple[RunPoint, float, float]],
    since: datetime | None,
) -> OnsetPanel:
    places = [run.as_of.timestamp() for run, _, _ in known]
    sizes, floors = [size for _, size, _ in known], [floor for _, _, floor in known]
    ends = 0.0, max(*sizes, *floors)
    state = f"above it since {format_time(since)}" if since else "not above it"
    sentence = (
        f"{label} {format_number(sizes[-1])}, limit {format_number(floors[-1])}; {state}, "
        f"{count(len(known), 'run')} shown"
    )
    above = tuple(size > floor for size, floor in zip(sizes, floors, strict=True))
    line, limit = scaled(places, sizes, ends, BOX), scaled(places, floors, ends, BOX)
    return OnsetPanel(name, line, limit, above, sentence)
