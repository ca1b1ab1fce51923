"""Effect sizes: how large is a change, apart from whether it is significant?

Each is a module of this folder with one class: its settings, and ``size(binned)``, which returns
the effect without the part that two samples of one distribution show by chance. A new module is
found by itself.
"""

from typing import TYPE_CHECKING

from driftloop.base.settings import any_of, family_members
from driftloop.profiling.effect_sizes.base import CategoricalEffect, EffectSize, NumericEffect

if TYPE_CHECKING:
    AnyEffect = EffectSize
    AnyNumericEffect = NumericEffect
    AnyCategoricalEffect = CategoricalEffect
else:
    AnyEffect = any_of(EffectSize, __name__)
    AnyNumericEffect = any_of(NumericEffect, __name__)
    AnyCategoricalEffect = any_of(CategoricalEffect, __name__)

EFFECT_LABELS: dict[str, str] = {
    **{
        effect.model_fields["kind"].default: effect.label
        for effect in family_members(EffectSize, __name__)
    },
    "share_of_rows": "share of rows",
    "rate_difference": "change of rate",
}
"""Effect sizes as people call them, by kind; the last two belong to tests with a fixed effect."""
