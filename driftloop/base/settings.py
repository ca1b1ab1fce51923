"""The base of everything people write: frozen models that refuse unknown keys."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A frozen settings model; unknown keys are errors and lists become tuples."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
