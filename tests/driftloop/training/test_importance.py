import numpy as np
import pandas as pd
import pytest

from driftloop.performance.target import Classes
from driftloop.training.estimators import LogisticRegression
from driftloop.training.importance import permutation_importances
from driftloop.training.training import Examples, fit


@pytest.fixture(scope="module")
def examples() -> Examples:
    """The outcome follows `used` strongly and `little` weakly; `unused` is noise."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(3000, 3)), columns=["used", "little", "unused"])
    p = 1 / (1 + np.exp(-(3 * table.used + 0.7 * table.little)))
    return Examples(table, (rng.random(3000) < p).astype(int).to_numpy(), Classes(("0", "1")))


def test_importances_tell_what_the_model_reads(examples: Examples) -> None:
    model = fit(LogisticRegression(), examples, ("used", "little", "unused"), (), 0)
    found = permutation_importances(model, examples, "roc_auc", 0)
    assert list(found) == ["used", "little", "unused"]
    assert sum(found.values()) == pytest.approx(1, abs=1e-4)
    assert found["used"] > 0.8
    assert found["little"] > found["unused"]
    assert found == permutation_importances(model, examples, "roc_auc", 0)


def test_model_that_reads_nothing_has_no_importances(examples: Examples) -> None:
    model = fit(LogisticRegression(), examples, ("unused",), (), 0)
    table = examples.table.assign(used=0.0, little=0.0)
    same = Examples(table[["used", "little"]].assign(unused=1.0), examples.y, examples.target)
    assert set(permutation_importances(model, same, "roc_auc", 0).values()) == {0.0}


def test_thresholded_metric_goes_by_the_models_cut(examples: Examples) -> None:
    """From 0 on every row is called positive, whatever is shuffled: nothing is lost."""
    model = fit(LogisticRegression(), examples, ("used", "little", "unused"), (), 0)
    assert permutation_importances(model, examples, "f1", 0)["used"] > 0.5
    assert set(permutation_importances(model, examples, "f1", 0, threshold=0.0).values()) == {0.0}
