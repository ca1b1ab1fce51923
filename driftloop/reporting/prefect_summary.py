"""Artifacts of a run in the Prefect UI: a Markdown summary, and its findings as a table."""

import math
import re
from typing import Any

from driftloop.alerts.message import Links
from driftloop.alerts.messages.wording import interval, number, score, scored
from driftloop.base.findings import Finding, by_severity
from driftloop.base.periods import format_time
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import RetrainRecord
from driftloop.base.scores import Comparison, format_number, metric_name, trimmed
from driftloop.decision.outcome import OUTCOME_STYLES, Tone, outcome_of_record

SIGNS: dict[Tone, str] = {"good": "✅", "warn": "🟠", "bad": "🔴", "blind": "⚪", "plain": "⚪"}
MOST_ROWS = 200
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|$]|^[#+\-~=])")
_LONGEST = 300


def run_markdown(record: MonitorRecord, links: Links) -> str:
    """Return the summary of a run: verdict, decision, what was done, numbers, links."""
    sign = SIGNS[OUTCOME_STYLES[outcome_of_record(record)].tone]
    lines = [f"# {sign} {escaped(record.model)}: {escaped(record.headline)}", ""]
    lines += [escaped(record.verdict.sentence), ""]
    lines += [f"- 🚨 {escaped(check.sentence)}" for check in record.broken]
    lines += [f"- {escaped(trouble.sentence)}" for trouble in record.troubles]
    reasons = escaped(" ".join(record.decision.reasons))
    lines += ["", f"**Decision: {record.decision.action}.** {reasons}", ""]
    if record.retrain is not None:
        lines += [f"**Retraining.** {escaped(record.retrain.sentence)}", ""]
    lines += [
        f"**Trial of version {escaped(t.version)}.** {escaped(t.sentence)}" for t in record.trials
    ]
    lines += ["", *_numbers(record), "", *links_markdown(links), ""]
    lines += ["Repeat this run, without changing anything:", "", f"    {record.replay_command}"]
    return "\n".join(lines)


def retrain_markdown(record: RetrainRecord, links: Links) -> str:
    """Return the summary of a retraining: outcome, scores with intervals, gates."""
    lines = [f"# {escaped(record.model)}: {escaped(record.headline)}"]
    lines += ["", escaped(record.sentence), "", f"**Why.** {escaped(record.reason)}", ""]
    if record.plan is not None:
        lines += [f"**Data.** {escaped(record.plan.sentence)}", ""]
    if record.comparison is not None:
        lines += [f"**Comparison.** {escaped(record.comparison.sentence)}", ""]
        lines += comparison_markdown(record.comparison)
    return "\n".join([*lines, "", *links_markdown(links)])


def comparison_markdown(comparison: Comparison) -> list[str]:
    """Return both scores and the gain with their intervals as a table, and the gates as a list.

    A form in Prefect's UI is narrow: a third column would lie outside.
    """
    rows = {"champion": comparison.champion, "challenger": comparison.challenger}
    scores = {name: score(value) for name, value in rows.items() if value is not None}
    if comparison.difference is not None:
        ends = interval(comparison.low, comparison.high, "+")
        needed = f"; more than {trimmed(format_number(comparison.bound))} needed"
        scores["gain"] = f"{number(comparison.difference, '+')}{ends}{needed}"
        if ahead := comparison.next_windows:
            expected = interval(ahead.low, ahead.high, "+").strip(" ()")
            scores[f"in the next {ahead.name}"] = expected
    lines = [f"| | {escaped(metric_name(comparison.metric))} |", "| --- | --- |"]
    lines += [f"| {name} | {escaped(text)} |" for name, text in scores.items()]
    gates = [
        f"- **{escaped(gate.gate)}**: {gate.status}. {escaped(gate.sentence)}"
        for gate in comparison.gates
    ]
    return [*lines, "", *gates]


def findings_table(record: MonitorRecord) -> list[dict[str, Any]]:
    """Return the findings as rows of numbers and texts, the most important first."""
    return [_row(finding) for finding in by_severity(record.findings)[:MOST_ROWS]]


def escaped(text: str) -> str:
    """Return text on one line with Markdown's special characters escaped."""
    line = " ".join(text.split())
    cut = line if len(line) <= _LONGEST * 4 else f"{line[: _LONGEST * 4]} …"
    return _SPECIAL.sub(r"\\\1", cut)


def links_markdown(links: Links) -> list[str]:
    """Return the links there are on one line, or nothing."""
    shown = [f"[{span.text}]({span.url})" for span in links.spans]
    return [" · ".join(shown)] if shown else []


def _numbers(record: MonitorRecord) -> list[str]:
    live = record.performance
    metric, known = live.metric, live.score is not None
    score = scored(metric, live.score, live.low, live.high) if known else "none yet"
    rows = {
        "window": str(record.window),
        "rows": f"{record.rows_current:,} against {record.rows_reference:,} of the reference",
        f"live {metric_name(metric)}": f"{score}: {live.status}",
        "champion": f"version {record.champion}",
        "data": record.rev[:10],
        "as of": f"{format_time(record.as_of)} UTC",
    }
    shown = [f"| {name} | {escaped(value)} |" for name, value in rows.items()]
    return ["| | |", "| --- | --- |", *shown]


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "column": finding.name[:_LONGEST],
        "status": finding.status,
        "size": _number(finding.effect_size, 3),
        "limit": _number(finding.effect_floor, 3),
        "p (adjusted)": _number(finding.p_adjusted, 2),
        "effect": finding.effect,
        "test": finding.test,
        "what changed": " ".join(finding.sentence.replace("`", "").split())[: _LONGEST * 2],
    }


def _number(value: float | None, digits: int) -> float | None:
    """Return a number that a table of the Prefect UI takes: no NaN, no numpy scalar."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")
