"""Confirmation: drift counts once enough of the last runs have seen it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from driftloop.base.past_run import PastRun
from driftloop.base.records import Finding
from driftloop.drift.settings import Confirmation


@dataclass(frozen=True, slots=True)
class Seen:
    """What earlier runs under the same champion saw drifting, newest first."""

    runs: tuple[frozenset[str], ...] = ()

    @staticmethod
    def of(history: Iterable[PastRun], champion: str) -> "Seen":
        """Return what the runs saw that judged the same champion; blind ones are passed over."""
        runs = (run for run in history if run.kind == "monitor" and run.champion == champion)
        return Seen(tuple(run.seen for run in runs if run.verdict != "inconclusive"))

    def times(self, name: str, runs: int) -> int:
        """Return in how many of the newest runs a column was seen drifting."""
        return sum(column_mark(name) in seen for seen in self.runs[:runs])


def column_mark(name: str) -> str:
    """Return eight characters that stand for a column where there is no room for its name."""
    return sha256(name.encode()).hexdigest()[:8]


def seen_marks(findings: tuple[Finding, ...]) -> list[str]:
    """Return the marks of the columns that drifted, confirmed or not, what matters most first."""
    hits = [finding for finding in findings if finding.status == "drift" or finding.unconfirmed]
    hits.sort(key=lambda one: -one.weight)
    return [column_mark(name) for name in dict.fromkeys(hit.name for hit in hits)]


def confirm(findings: tuple[Finding, ...], seen: Seen, asked: Confirmation) -> tuple[Finding, ...]:
    """Return the findings with a drift that too few runs have seen turned into a warning.

    A run counts for a column where any finding of that column drifted. This run is one of them.
    """
    return tuple(_confirmed(finding, seen, asked) for finding in findings)


def _confirmed(finding: Finding, seen: Seen, asked: Confirmation) -> Finding:
    if finding.status != "drift":
        return finding
    times = 1 + seen.times(finding.name, asked.runs - 1)
    if times >= asked.needed:
        return finding
    sentence = (
        f"{finding.sentence} Seen in {times} of the last {asked.runs} runs; it counts from "
        f"{asked.needed} on."
    )
    return replace(finding, status="warning", sentence=sentence, unconfirmed=True)
