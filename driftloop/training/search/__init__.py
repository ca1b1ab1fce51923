"""Ways to search an estimator's settings: each is its settings and one method, ``search``.

A search knows nothing of models. It gets a `Problem`: folds in time order, and a function that
trains one proposal on the past rows of a fold and scores it on what follows. The configured
settings, written as no changes, are always the first proposal.
"""

from typing import Annotated

from pydantic import Field

from driftloop.training.search.halving import Halving
from driftloop.training.search.tpe import Optuna

Search = Annotated[Halving | Optuna, Field(discriminator="kind")]
