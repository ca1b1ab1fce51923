"""Judgement of a run: the record of its findings with the decision on them."""

from dataclasses import dataclass

from driftloop.base.findings import Finding
from driftloop.base.periods import Window
from driftloop.base.records import MonitorRecord
from driftloop.decision.decision import DecisionSettings, decide
from driftloop.decision.diagnosis import diagnose
from driftloop.decision.triggers import TriggerInputs
from driftloop.decision.window_analysis import WindowAnalysis


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """What a run is about: the model, the commit of its data, the version judged, the window."""

    model: str
    rev: str
    dry_run: bool
    champion: str
    window: Window


def judge_run(
    run: JudgedRun,
    analysis: WindowAnalysis,
    inputs: TriggerInputs,
    settings: DecisionSettings,
    label: Finding | None = None,
) -> MonitorRecord:
    """Return the record of a run: what was found of its window and labels, and the decision."""
    performance, since = inputs.performance, inputs.drift_since
    return MonitorRecord(
        model=run.model,
        as_of=inputs.as_of,
        rev=run.rev,
        dry_run=run.dry_run,
        champion=run.champion,
        window=run.window,
        rows_reference=analysis.rows_reference,
        rows_current=analysis.rows_current,
        verdict=inputs.verdict,
        quality=analysis.quality,
        findings=analysis.findings,
        performance=performance,
        decision=decide(inputs, analysis.quality, settings),
        estimate=inputs.estimate,
        label=label,
        troubles=diagnose(analysis.findings, analysis.quality, performance, label, since),
        since=since,
    )
