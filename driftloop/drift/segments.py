"""Drift within segments: the tests of every feature on the rows that hold one value of a column."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from driftloop.base.findings import Finding
from driftloop.drift.judge import JudgingCriteria, measure_features
from driftloop.drift.measure import MeasuringOptions, inconclusive_finding
from driftloop.performance.parts.segment_rows import Segment, segments_of
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.reference_column import CategoricalReference, NumericReference
from driftloop.profiling.reference_profile import Features, MemoryProfile, Profile, build_profile


def measure_segments(
    tables: tuple[pd.DataFrame, pd.DataFrame],
    columns: tuple[str, ...],
    features: Features,
    whole: Profile,
    criteria: JudgingCriteria,
) -> tuple[Finding, ...]:
    """Return the measured findings of every feature in every segment by these columns.

    They are judged together with those of the whole window, so that the chance of a false alarm in
    the run stays what it was. `tables` are the reference and the window, `whole` the profile of the
    reference, which lends the segments what its windows show of each feature's own variation.
    """
    reference, current = tables
    missing = [name for name in columns if any(name not in table.columns for table in tables)]
    least = criteria.settings.minimum_rows
    segments = list(segments_of(reference, current, columns, least))
    chance = criteria.level / max(len(features.names) * len(segments), 1)
    options = MeasuringOptions(criteria.settings, chance, seasonal=criteria.seasonal)
    measured = [
        finding
        for segment in segments
        for finding in _in_segment(tables, segment, features, whole, options)
    ]
    measured += [
        inconclusive_finding(f"segments by {name}", len(reference), len(current), sentence)
        for name in missing
        for sentence in [f"The data hold no column `{name}`: nothing was judged by it."]
    ]
    return tuple(replace(finding, role="segment") for finding in measured)


def _in_segment(
    tables: tuple[pd.DataFrame, pd.DataFrame],
    segment: Segment,
    features: Features,
    whole: Profile,
    options: MeasuringOptions,
) -> Iterator[Finding]:
    ignored = (segment.column, *options.settings.ignore)
    own = Features(*(tuple(name for name in kind if name not in ignored) for kind in features))
    reference, current = (
        FrameColumns(table[rows].reset_index(drop=True))
        for table, rows in zip(tables, (segment.reference, segment.current), strict=True)
    )
    profile = _with_variation(build_profile(reference, own, options.settings.effect_sizes), whole)
    for feature in measure_features(profile, current, own, options):
        for finding in feature.findings:
            name = f"{finding.name} in {segment.name}"
            sentence = f"In {segment.name}: {finding.sentence}"
            yield replace(finding, name=name, sentence=sentence, segment=segment.name, shape=None)


def _with_variation(profile: MemoryProfile, whole: Profile) -> MemoryProfile:
    columns = dict(profile.columns)
    for name, column in columns.items():
        known = whole.column(name)
        if isinstance(column, NumericReference) and isinstance(known, NumericReference):
            columns[name] = replace(column, variation=known.variation)
        if isinstance(column, CategoricalReference) and isinstance(known, CategoricalReference):
            columns[name] = replace(column, variation=known.variation)
    return MemoryProfile(profile.rows, columns)


def only_news(
    findings: tuple[Finding, ...], importances: Mapping[str, float]
) -> tuple[Finding, ...]:
    """Return judged findings with those of segments that say more than those of the whole.

    A segment is reported where it drifted and the feature as a whole did not, with the importance
    of the feature, and where nothing could be judged by a column.
    """
    moved = {hit.name for hit in findings if hit.role == "feature" and _counts(hit)}
    kept = []
    for hit in findings:
        if hit.role == "segment" and hit.segment is not None:
            feature = hit.name.removesuffix(f" in {hit.segment}")
            if not _counts(hit) or feature in moved:
                continue
            hit = replace(hit, importance=importances.get(feature))
        kept.append(hit)
    return tuple(kept)


def _counts(finding: Finding) -> bool:
    return finding.status == "drift" or finding.unconfirmed
