"""How features are tested and when a change counts as drift."""

from pydantic import Field

from driftloop.detectors import (
    CategoricalDetector,
    ChiSquare,
    KolmogorovSmirnov,
    NumericDetector,
)
from driftloop.effect_sizes import CategoricalEffect, NumericEffect, PopulationStability
from driftloop.multiple_testing import Correction
from driftloop.profile import Measures
from driftloop.settings import Settings

LEAST_STRICT = 0.05


class DriftSettings(Settings):
    """How features are tested and when a change counts as drift."""

    numeric: NumericDetector = KolmogorovSmirnov()
    categorical: CategoricalDetector = ChiSquare()
    effect: NumericEffect = Field(
        default=PopulationStability(), description="Effect size of numeric features, and its floor."
    )
    categorical_effect: CategoricalEffect = Field(
        default=PopulationStability(), description="Effect size of categorical features."
    )
    learn_floors: bool = Field(
        default=True,
        description="Raise each floor to what windows of the reference show among themselves.",
    )
    minimum_windows: int = Field(
        default=8, ge=4, description="Fewer windows in the reference leave the floors as written."
    )
    missing_floor: float = Field(
        default=0.05, ge=0, lt=1, description="Changes of a missing rate up to this do not count."
    )
    new_floor: float = Field(
        default=0.05, ge=0, lt=1, description="New categories up to this share do not count."
    )
    vanished_floor: float = Field(
        default=0.05, ge=0, lt=1, description="Vanished categories up to this share do not count."
    )
    few_values: int = Field(
        default=10,
        ge=0,
        le=50,
        description="Numeric features with no more different values are tested as categories.",
    )
    alarm_budget: float = Field(
        default=0.5,
        gt=0,
        le=50,
        description="False alarms a year that a model without drift may raise.",
    )
    level: float | None = Field(
        default=None,
        gt=0,
        lt=0.5,
        description="False-discovery level of a run; follows from alarm_budget if left out.",
    )
    correction: Correction = Field(
        default="benjamini-hochberg", description="Control over all tests of a run."
    )
    ignore: tuple[str, ...] = Field(
        default=(), description="Features the model reads but drift does not test."
    )
    minimum_rows: int = Field(
        default=100, ge=2, description="Fewer present values than this are inconclusive."
    )

    @property
    def measures(self) -> Measures:
        """The effect sizes that the profile of a reference depends on."""
        return Measures(self.effect, self.categorical_effect)

    def level_of_run(self, runs_a_year: float) -> float:
        """Return the false-discovery level of one run.

        Without any drift, the chance of an alarm in a run is at most its false-discovery level, so
        `runs_a_year` runs raise at most ``runs_a_year * level`` on average: the budget. This
        holds however the runs depend on each other, which they do: they share a reference.
        """
        return self.level or min(self.alarm_budget / runs_a_year, LEAST_STRICT)
