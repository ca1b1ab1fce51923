"""Effect sizes of a run in the little room of a tag, so that a later run can draw an onset."""

from collections.abc import Iterable
from hashlib import sha256

from driftloop.base.findings import Finding

MOST_EFFECTS = 180
"""Columns whose effects one tag holds."""


def column_hash(name: str) -> str:
    """Return eight characters that stand for a column where there is no room for its name."""
    return sha256(name.encode()).hexdigest()[:8]


def effect_words(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return hash, effect size and floor of each column whose distribution was compared.

    Of more than `MOST_EFFECTS` the largest are kept.
    """
    sizes: dict[str, tuple[float, float]] = {}
    for finding in findings:
        compared = finding.role in ("feature", "prediction") and finding.shape is not None
        if compared and finding.effect_size is not None:
            sizes.setdefault(finding.name, (finding.effect_size, finding.effect_floor or 0.0))
    largest = sorted(sizes, key=lambda name: -sizes[name][0])[:MOST_EFFECTS]
    return tuple("{}:{:.3g}:{:.3g}".format(column_hash(name), *sizes[name]) for name in largest)


def effect_of(words: Iterable[str], name: str) -> tuple[float, float] | None:
    """Return a column's effect size and floor; None without, or where somebody edited the tag."""
    mark = f"{column_hash(name)}:"
    try:
        size, floor = next(word for word in words if word.startswith(mark)).split(":")[1:]
        return float(size), float(floor)
    except (StopIteration, ValueError):
        return None
