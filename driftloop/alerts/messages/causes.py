"""Causes of trouble: what broke and how badly, the most severe first."""

from functools import partial

from driftloop.alerts.blocks import (
    Line,
    Section,
    bold,
    bullets,
    clean,
    code,
    line,
    section,
    sentence,
)
from driftloop.alerts.messages.formats.sparkline import before_and_after
from driftloop.alerts.messages.wording import NO_BREAK, count, number, scored
from driftloop.base.distribution import Shape
from driftloop.base.findings import LOST, Finding, QualityFinding, TroubleKind
from driftloop.base.records import MonitorRecord
from driftloop.base.scores import metric_name, score_text, trimmed
from driftloop.profiling.effect_sizes import EFFECT_LABELS

MOST_WORST = 3
_LEADS = {
    "prediction": "The predictions moved.",
    "joint": "The inputs are distinguishable when taken together.",
    "label": "There are new outcomes.",
    "segment": "Inputs drifted in a part of the rows.",
}
# A failed data check is a cause of its own.
_KINDS: dict[TroubleKind, str] = {
    "covariate_shift": "Covariate shift",
    "concept_drift": "Concept drift",
    "label_shift": "Label shift",
}


def causes(record: MonitorRecord) -> tuple[Section, ...]:
    """Return what broke, one paragraph per cause, the one that explains the others first.

    What kind of trouble it is and whether a new version helped come last.
    """
    drifted, lost = first_per_feature(record.drifted), record.performance.status in LOST
    sections: list[Section] = []
    if record.moved:
        sections.append(_led("The champion was changed by hand.", record.moved))
    if record.changed:
        sections.append(_led("Versions were changed by hand.", record.changed))
    if record.doubt:
        sections.append(doubtful(record.doubt))
    if record.broken:
        sections.append(_broken_data(record, explains=lost or bool(drifted)))
    if lost:
        sections.append(_lost_performance(record))
    worse = record.performance.worse_segments
    if worse:
        lead = bold("Predictions got worse in a part of the rows.")
        sections.append(section(lead, *bullets([part.sentence for part in worse[:MOST_WORST]])))
    estimate = record.estimate
    if estimate is not None and (estimate.status == "lost" or record.may_be_worse):
        sure = "expected" if estimate.status == "lost" else "likely"
        sections.append(_led(f"A loss is {sure}.", estimate.sentence))
    sections += _drift(record, drifted)
    if sections and record.verdict.status == "inconclusive" and not record.broken:
        sections.append(_led("The rest could not be judged.", record.verdict.sentence))
    explained = [
        _led(f"{_KINDS[trouble.kind]}.", trouble.sentence)
        for trouble in record.troubles
        if trouble.kind in _KINDS
    ]
    broke = sections or [section(bold(sentence(record.verdict.sentence)))]
    worth = (section(sentence(record.worth)),) if record.worth else ()
    return (*broke, *explained, *worth, *after_promotion(record))


def most_changed(record: MonitorRecord) -> tuple[Line, ...]:
    """Return the features that changed most, each with a small picture of its distributions."""
    shapes = {finding.name: finding.shape for finding in record.findings if finding.shape}
    drawn = [finding for finding in first_per_feature(record.drifted) if finding.name in shapes]
    return tuple(_pictured(finding, shapes[finding.name]) for finding in drawn[:MOST_WORST])


def first_per_feature(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return the first finding of every feature."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.name, finding)
    return list(first.values())


def unjudged(record: MonitorRecord) -> list[str]:
    """Return why checks and features could not be judged, as they were written."""
    results: tuple[QualityFinding | Finding, ...] = (*record.quality, *record.findings)
    return [result.sentence for result in results if result.status == "inconclusive"]


def _drift(record: MonitorRecord, drifted: list[Finding]) -> list[Section]:
    sections = []
    inputs = [finding for finding in drifted if finding.role == "feature"]
    if inputs:
        every = len({finding.name for finding in record.findings if finding.role == "feature"})
        lead = bold(f"{len(inputs)} of {count(every, 'input')} drifted")
        sentences = bullets([finding.sentence for finding in inputs])
        sections.append(section(line(lead, " away from the reference."), *sentences))
    parts = [finding for finding in drifted if finding.role == "segment"]
    if parts:
        sentences = bullets([finding.sentence for finding in parts[:MOST_WORST]])
        sections.append(section(bold(_LEADS["segment"]), *sentences))
    others = [finding for finding in drifted if finding.role in _LEADS and finding not in parts]
    return sections + [_led(_LEADS[finding.role], finding.sentence) for finding in others]


def after_promotion(record: MonitorRecord) -> tuple[Section, ...]:
    """Return whether the newest version helped, where that is known."""
    return (_led("Did the new version help?", record.aftermath),) if record.aftermath else ()


def doubtful(doubt: str) -> Section:
    """Return that the champion is not proven better than guessing."""
    return _led("The champion may be no better than guessing.", doubt)


def _led(lead: str, text: str) -> Section:
    return section(line(bold(lead), f" {sentence(text)}"))


def _broken_data(record: MonitorRecord, explains: bool) -> Section:
    sentences = bullets([check.sentence for check in record.broken])
    if record.skewed:
        lead = bold("Served predictions differ from the model's:")
        return section(line(lead, " another version, other features or other code."), *sentences)
    failed, checks = len(record.broken), len(record.quality)
    hint = " This may explain the rest." if explains else ""
    lead = bold(f"{failed} of {count(checks, 'data check')} failed:")
    return section(line(lead, f" the data look broken.{hint}"), *sentences)


def _lost_performance(record: MonitorRecord) -> Section:
    performance = record.performance
    if performance.score is None:
        return section(bold(sentence(performance.sentence)))
    metric, told = performance.metric, partial(score_text, performance.metric)
    expected = None if performance.expected is None else told(performance.expected)
    was = "" if expected in (None, told(performance.score)) else f", was {expected}"
    now = scored(metric, performance.score, performance.low, performance.high)
    earlier = f" from {performance.window}" if performance.window != record.window else ""
    rows = f"on {count(performance.rows, 'row')} with known outcome{earlier}"
    pooled = performance.pooled
    if pooled is not None and pooled.windows > 1:
        rows += f"; {told(pooled.score)} over {pooled.windows} windows"
    chance = performance.guessing
    guessing = "" if chance is None else f"; {trimmed(told(chance))} is guessing"
    return section(
        line(
            bold(f"{clean(metric_name(metric, begins=True), 60)} is {now}{was}"),
            f", {rows}{guessing}.",
        )
    )


def _pictured(finding: Finding, shape: Shape) -> Line:
    effect = EFFECT_LABELS.get(finding.effect, clean(finding.effect, 40))
    size = f"{effect} {_trimmed(finding.effect_size)}, limit {_trimmed(finding.effect_floor)}"
    if finding.floor_windows:
        size += f" learned from {count(finding.floor_windows, 'window')}"
    # On a phone the line breaks before the figures and not within them.
    figures = f" {before_and_after(shape)} {size.replace(' ', NO_BREAK)}"
    return line(code(clean(finding.name, 60)), figures)


def _trimmed(value: float | None) -> str:
    return trimmed(number(value))
