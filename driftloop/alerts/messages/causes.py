"""What broke and how badly, the gravest cause first; texts are escaped mrkdwn."""

from driftloop.alerts.blocks import bullets, escape, sentence
from driftloop.alerts.messages.formats.sparkline import change
from driftloop.alerts.messages.wording import NO_BREAK, count, interval, number
from driftloop.base.records import Finding, MonitorRecord, Performance, Shape, TroubleKind
from driftloop.profiling.effect_sizes import EFFECT_LABELS

MOST_WORST = 3
_LEADS = {
    "prediction": "The predictions drifted.",
    "joint": "The inputs can be told apart together.",
}
# A failed data check is told as a cause of its own.
_KINDS: dict[TroubleKind, str] = {
    "covariate_shift": "Covariate shift",
    "concept_drift": "Concept drift",
    "label_shift": "Label shift",
}


def headline(record: MonitorRecord) -> str:
    """Return what is wrong in a few words, such as ``predictions got worse, inputs drifted``."""
    parts = [
        "data checks failed" if record.broken else "",
        "predictions got worse" if fell(record) else "",
        _moved(record),
    ]
    told = ", ".join(part for part in parts if part)
    return told or ("monitoring is blind" if _blind(record) else "needs a look")


def fell(record: MonitorRecord) -> bool:
    """Say whether the champion's realised performance fell."""
    return record.performance.status == "fell"


def causes(record: MonitorRecord) -> tuple[str, ...]:
    """Return what broke, one paragraph a cause, the one that explains the others first.

    What kind of trouble it is and whether a new version helped come last.
    """
    drifted = one_a_feature(record.drifted)
    found = []
    if record.broken:
        found.append(_broken_data(record, explains=fell(record) or bool(drifted)))
    if fell(record):
        found.append(_lost_performance(record.performance))
    found += _drift(record, drifted)
    if found and _blind(record):
        found.append(f"*The rest could not be judged.* {sentence(record.verdict.sentence)}")
    return tuple((found or [f"*{sentence(record.verdict.sentence)}*"]) + _explained(record))


def worst(record: MonitorRecord) -> tuple[str, ...]:
    """Return the features that changed most, each with a small picture of its distributions."""
    shapes = shapes_of(record)
    drawn = [one for one in one_a_feature(record.drifted) if one.name in shapes]
    return tuple(_pictured(one, shapes[one.name]) for one in drawn[:MOST_WORST])


def shapes_of(record: MonitorRecord) -> dict[str, Shape]:
    """Return the distributions that are known, by feature."""
    return {finding.name: finding.shape for finding in record.findings if finding.shape is not None}


def one_a_feature(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return the first finding of every feature."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.name, finding)
    return list(first.values())


def unjudged(record: MonitorRecord) -> list[str]:
    """Return why checks and features could not be judged, as they were written."""
    why = [check.sentence for check in record.quality if check.status == "inconclusive"]
    return why + [
        finding.sentence for finding in record.findings if finding.status == "inconclusive"
    ]


def _blind(record: MonitorRecord) -> bool:
    return record.verdict.status == "inconclusive"


def _moved(record: MonitorRecord) -> str:
    if any(finding.role != "prediction" for finding in record.drifted):
        return "inputs drifted"
    return "predictions moved" if record.drifted else ""


def _drift(record: MonitorRecord, drifted: list[Finding]) -> list[str]:
    found = []
    inputs = [one for one in drifted if one.role == "feature"]
    if inputs:
        every = len({finding.name for finding in record.findings if finding.role == "feature"})
        lead = f"*{len(inputs)} of {count(every, 'input')} drifted* away from the reference."
        found.append(f"{lead}\n{bullets([finding.sentence for finding in inputs])}")
    found += [
        f"*{_LEADS[one.role]}* {sentence(one.sentence)}" for one in drifted if one.role in _LEADS
    ]
    return found


def _explained(record: MonitorRecord) -> list[str]:
    told = [
        f"*{_KINDS[trouble.kind]}.* {sentence(trouble.sentence)}"
        for trouble in record.troubles
        if trouble.kind in _KINDS
    ]
    if record.aftermath:
        told.append(f"*Did the new version help?* {sentence(record.aftermath)}")
    return told


def _broken_data(record: MonitorRecord, explains: bool) -> str:
    failed, checks = len(record.broken), len(record.quality)
    rest = " This may explain the rest." if explains else ""
    lead = f"*{failed} of {count(checks, 'data check')} failed:* the data look broken.{rest}"
    return f"{lead}\n{bullets([check.sentence for check in record.broken])}"


def _lost_performance(performance: Performance) -> str:
    if performance.score is None:
        return f"*{sentence(performance.sentence)}*"
    was = f", was {number(performance.baseline)}" if performance.baseline is not None else ""
    now = number(performance.score) + interval(performance.low, performance.high)
    rows = f"on {count(performance.rows, 'row')} with known outcome"
    return f"*{escape(performance.metric, 60)} is {now}{was}*, {rows}."


def _pictured(finding: Finding, shape: Shape) -> str:
    effect = EFFECT_LABELS.get(finding.effect, escape(finding.effect, 40))
    size = f"{effect} {_short(finding.effect_size)}, floor {_short(finding.effect_floor)}"
    # On a phone the line breaks before the figures and not within them.
    return f"`{escape(finding.name, 60)}` {change(shape)} {size.replace(' ', NO_BREAK)}"


def _short(value: float | None) -> str:
    return f"{value:.2f}" if value is not None and abs(value) >= 0.01 else number(value)
