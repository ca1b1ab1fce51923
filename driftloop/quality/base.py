"""The base of data-quality checks: each is its settings and one method, ``check(inputs)``.

Where it looks at one feature after the other the method is ``fault(summary)``.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

from driftloop.base.findings import QualityFinding
from driftloop.base.settings import Settings
from driftloop.profiling.column_source import Columns
from driftloop.quality.column_summary import ColumnSummary


@dataclass(frozen=True, slots=True)
class QualityInputs:
    """The columns of the window, a summary of every feature, and the key column if there is one.

    `root` is the folder that files of the configuration are found from.
    """

    current: Columns
    summaries: Mapping[str, ColumnSummary]
    key: str | None = None
    root: Path = Path()

    @property
    def readable(self) -> tuple[ColumnSummary, ...]:
        """The features that can be read; the others are findings of the schema check."""
        return tuple(summary for summary in self.summaries.values() if summary.fault is None)


class Fault(NamedTuple):
    """What is wrong with a feature, the measured value and the limit it exceeds, if any."""

    sentence: str
    value: float | None = None
    limit: float | None = None


class QualityCheck(Settings):
    """A check of the data quality of a window."""

    kind: str

    @abstractmethod
    def check(self, inputs: QualityInputs) -> tuple[QualityFinding, ...]:
        """Return one finding per faulty column, or one that says that all passed."""

    def wrong_for(self, numeric: tuple[str, ...], allowed: tuple[str, ...]) -> str | None:
        """Return why it could never run with these features and trusted import paths, or None."""
        return None


class FeatureCheck(QualityCheck):
    """A check of one feature after the other."""

    passed: ClassVar[str]
    """The sentence where no feature is at fault."""

    @abstractmethod
    def fault(self, summary: ColumnSummary) -> Fault | None:
        """Return what is wrong with a feature, or None."""

    def check(self, inputs: QualityInputs) -> tuple[QualityFinding, ...]:
        """Return one finding per faulty column, or one that says that all passed."""
        findings = tuple(
            QualityFinding(self.kind, summary.name, "failed", *fault)
            for summary in inputs.readable
            if (fault := self.fault(summary)) is not None
        )
        if findings:
            return findings
        if not any(summary.comparable for summary in inputs.readable):
            sentence = "No feature could be compared."
            return (QualityFinding(self.kind, None, "inconclusive", sentence),)
        return (QualityFinding(self.kind, None, "ok", self.passed),)
