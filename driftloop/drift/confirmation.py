"""Confirmation: drift counts once it was seen in enough of the last runs."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from driftloop.base.findings import Finding
from driftloop.base.tags import PastRun
from driftloop.drift.effect_history import column_hash
from driftloop.drift.settings import Confirmation


@dataclass(frozen=True, slots=True)
class DriftHistory:
    """Hashes of the columns that drifted in earlier runs under the same champion, newest first."""

    runs: tuple[frozenset[str], ...] = ()

    @staticmethod
    def from_runs(history: Iterable[PastRun], champion: str) -> "DriftHistory":
        """Return the history under a champion; inconclusive runs are left out."""
        runs = (run for run in history if run.kind == "monitor" and run.champion == champion)
        return DriftHistory(tuple(run.seen for run in runs if run.verdict != "inconclusive"))

    def count(self, name: str, runs: int) -> int:
        """Return in how many of the newest runs a column drifted."""
        return sum(column_hash(name) in drifted for drifted in self.runs[:runs])


def drifted_column_hashes(findings: tuple[Finding, ...]) -> list[str]:
    """Return the hashes of the columns that drifted, confirmed or not, most important first."""
    hits = [finding for finding in findings if finding.status == "drift" or finding.unconfirmed]
    hits.sort(key=lambda hit: -hit.weight)
    return [column_hash(name) for name in dict.fromkeys(hit.name for hit in hits)]


def confirm(
    findings: tuple[Finding, ...], history: DriftHistory, rule: Confirmation
) -> tuple[Finding, ...]:
    """Return the findings, with drift that too few runs have seen turned into a warning.

    A run counts for a column where any finding of that column drifted. This run is one of them.
    """
    return tuple(_confirmed(finding, history, rule) for finding in findings)


def _confirmed(finding: Finding, history: DriftHistory, rule: Confirmation) -> Finding:
    if finding.status != "drift":
        return finding
    times = 1 + history.count(finding.name, rule.runs - 1)
    if times >= rule.needed:
        return finding
    sentence = (
        f"{finding.sentence} Seen in {times} of the last {rule.runs} runs; it counts as drift from "
        f"{rule.needed} on."
    )
    return replace(finding, status="warning", sentence=sentence, unconfirmed=True)
