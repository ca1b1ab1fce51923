"""Effect sizes: how large is a change, apart from whether it is significant?

Each is its settings and one method, ``size(binned)``, which gives the effect without the part
that two samples of one distribution show by chance.
"""

from typing import Annotated

from pydantic import Field

from driftloop.profiling.effect_sizes.binned import Binned, Ladder
from driftloop.profiling.effect_sizes.cramers_v import CramersV
from driftloop.profiling.effect_sizes.hellinger import Hellinger
from driftloop.profiling.effect_sizes.jensen_shannon import JensenShannon
from driftloop.profiling.effect_sizes.psi import PopulationStability
from driftloop.profiling.effect_sizes.wasserstein import NormalisedWasserstein

NumericEffect = Annotated[
    PopulationStability | JensenShannon | Hellinger | NormalisedWasserstein,
    Field(discriminator="kind"),
]
CategoricalEffect = Annotated[
    PopulationStability | JensenShannon | Hellinger | CramersV, Field(discriminator="kind")
]

__all__ = [
    "Binned",
    "CategoricalEffect",
    "CramersV",
    "Hellinger",
    "JensenShannon",
    "Ladder",
    "NormalisedWasserstein",
    "NumericEffect",
    "PopulationStability",
]
