"""Judgement of a window by driftloop: all that a run decides, without its services."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.harm_streams import START, WEEK, Stream
from benchmarks.streams import config_of
from driftloop.alerts.lifecycle import run_health
from driftloop.base.findings import EstimatedPerformance, Performance
from driftloop.base.periods import Span, Window
from driftloop.base.records import MonitorRecord
from driftloop.decision.judgement import JudgedRun, judge_run
from driftloop.decision.triggers import TriggerInputs
from driftloop.decision.window_analysis import AnalysisScope, analyse_window, verdict_of_analysis
from driftloop.drift.domain_classifier import density_ratios
from driftloop.drift.judge import JudgingCriteria
from driftloop.performance.estimated import EstimateCriteria, estimate_window
from driftloop.performance.estimates import default_estimate
from driftloop.performance.estimates.base import MOST_ROWS, EstimateInputs, HeldOut, Values
from driftloop.performance.level import TrackRecord
from driftloop.performance.metrics import MetricName, score, score_with_interval
from driftloop.performance.promise import with_promise
from driftloop.performance.realised import judge_performance, no_performance
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.columns import feature_table
from driftloop.profiling.reference_profile import Features, build_profile
from driftloop.profiling.variation import whole_windows

METRIC: MetricName = "roc_auc"
YEAR = 365.25 / 7
NOTHING = TrackRecord(windows_a_year=YEAR)


class Champion:
    """A model with its holdout and the profile of its reference."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        label, first = stream.label, stream.reference
        numbers, texts = stream.numeric, stream.categorical
        self.config = config_of("binary", "at", label, Span(1, "week"), numbers, texts)
        self.features = Features(numbers, texts)
        table = stream.part(0, first)
        self.model = self.train(table)
        windows = whole_windows(
            table["at"].to_numpy().astype("datetime64[us]"),
            Span(1, "week"),
            self.config.drift.minimum_rows,
        )
        effects = self.config.drift.effect_sizes
        self.profile = build_profile(FrameColumns(table), self.features, effects, windows)
        held = stream.part(first, first + stream.holdout)
        held = held.sample(min(len(held), MOST_ROWS), random_state=0)
        rows, y = self.read(held), held[label].to_numpy()
        self.holdout = HeldOut(y, self.model.predict_proba(rows), rows)
        self.baseline = score_with_interval(
            METRIC, y, self.holdout.p, count=400, confidence=0.95, seed=0
        )

    def train(self, table: pd.DataFrame) -> Any:
        """Return a model of some rows."""
        build = self.config.training.estimator.build
        model = build(self.stream.numeric, self.stream.categorical, 0)
        return model.fit(self.read(table), table[self.stream.label].to_numpy())

    def read(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the features as a model reads them."""
        return feature_table(table, *self.features)

    def score_of(self, table: pd.DataFrame, model: Any = None) -> float:
        """Return what the champion, or another model, scores on labelled rows."""
        p = (model or self.model).predict_proba(self.read(table))
        return score(METRIC, table[self.stream.label].to_numpy(), p)

    def importances(self) -> dict[str, float]:
        """Return what the score loses on the holdout with each number shuffled."""
        rng, whole = np.random.default_rng(0), score(METRIC, self.holdout.y, self.holdout.p)
        lost = {}
        for name in self.stream.numeric:
            rows = self.holdout.features.copy()
            rows[name] = rng.permutation(rows[name].to_numpy())
            lost[name] = whole - score(METRIC, self.holdout.y, self.model.predict_proba(rows))
        return lost


@dataclass(frozen=True, slots=True)
class Told:
    """What windows since the promotion told, and the one whose labels arrive next."""

    record: TrackRecord = NOTHING
    waiting: pd.DataFrame | None = None


def judge(
    champion: Champion, window: pd.DataFrame, number: int, told: Told
) -> tuple[MonitorRecord, Told]:
    """Return the record of a run on a window, and what is told after it.

    The labels of a window arrive one window later.
    """
    drift = champion.config.drift
    scope = AnalysisScope(champion.features, champion.config.quality)
    by = JudgingCriteria(drift, drift.level_of_run(YEAR))
    analysis = analyse_window(champion.profile, FrameColumns(window), scope, by)
    verdict = verdict_of_analysis(analysis, drift)
    now = Window(START + number * WEEK, START + (number + 1) * WEEK)
    before = Window(now.start - WEEK, now.start)
    performance = no_performance(METRIC, before, 0, "No labels yet.")
    record = told.record
    if told.waiting is not None:
        performance, record = _performance(champion, told.waiting, before, record)
    estimate = _estimate(champion, window, now, record)
    inputs = TriggerInputs(
        now.end, verdict, performance, (), None, before.end, None, estimate=estimate
    )
    about = JudgedRun("m", "", False, "1", now)
    found = judge_run(about, analysis, inputs, champion.config.decision)
    return found, Told(record, window)


def severity(record: MonitorRecord) -> str:
    """Return what a person would get: silent, small, info, warning or page."""
    health = run_health(record)
    if health.causes:
        return str(health.level(record.window.start))
    return (
        "small"
        if any(finding.status in ("small", "warning") for finding in record.findings)
        else "ok"
    )


def _performance(
    champion: Champion, table: pd.DataFrame, window: Window, record: TrackRecord
) -> tuple[Performance, TrackRecord]:
    settings, rows = champion.config.performance, champion.read(table)
    y, p = table[champion.stream.label].to_numpy(), champion.model.predict_proba(rows)
    found = judge_performance(METRIC, window, (y, p), champion.baseline, settings, None, record)
    if found.score is None:
        return found, record
    inputs = EstimateInputs(METRIC, champion.holdout, p, rows)
    budget = settings.alarm_budget
    found = with_promise(found, inputs, y, default_estimate("binary"), record, budget)
    return found, record.after(found)


def _estimate(
    champion: Champion, window: pd.DataFrame, now: Window, record: TrackRecord
) -> EstimatedPerformance:
    sample = window.sample(min(len(window), MOST_ROWS), random_state=0)
    rows = champion.read(sample)

    def density() -> Values | None:
        return density_ratios(champion.holdout.features, rows)

    p = champion.model.predict_proba(rows)
    inputs = EstimateInputs(METRIC, champion.holdout, p, rows, None, density)
    by = EstimateCriteria(champion.baseline, None, champion.config.performance, YEAR, record.gaps)
    return estimate_window(default_estimate("binary"), inputs, now, len(window), by)
