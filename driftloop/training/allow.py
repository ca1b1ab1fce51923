"""Types that a configuration trusts beyond scikit-learn's own."""

from pydantic import Field, field_validator

from driftloop.base.import_path import check_type_path
from driftloop.base.settings import Settings


class AllowSettings(Settings):
    """What may be imported, stored and loaded beyond scikit-learn's own."""

    estimators: tuple[str, ...] = Field(
        default=(), description="Import paths that the estimator `custom` may use."
    )
    types: tuple[str, ...] = Field(
        default=(), description="Import paths of classes that a stored model may contain."
    )
    contracts: tuple[str, ...] = Field(
        default=(), description="Import paths of Pandera schemas that the check `contract` may use."
    )
    metrics: tuple[str, ...] = Field(
        default=(), description="Import paths of functions that may be named as a metric."
    )
    code: bool = Field(
        default=False,
        description="Load models of others that run code of theirs when they are loaded: pickle, "
        "cloudpickle and pyfunc. Whoever may write to MLflow can then run anything here.",
    )

    @field_validator("types")
    @classmethod
    def _types_are_harmless(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        for path in types:
            check_type_path(path)
        return types
