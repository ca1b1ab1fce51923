"""Names of metrics as people write them."""

from typing import Final

METRIC_NAMES: Final = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "neg_log_loss": "negative log loss",
    "neg_rmse": "negative RMSE",
    "neg_mae": "negative MAE",
    "r2": "R²",
}
"""By the name in configurations and records. Larger is better for each, as it is there."""


def metric_name(metric: str | None, *, begins: bool = False) -> str:
    """Return a metric's name in a sentence, with a capital where it `begins` one.

    A name that is not in `METRIC_NAMES` (a plugin's) is returned as it is, None as "score".
    """
    name = METRIC_NAMES.get(metric or "", metric or "score")
    return name[0].upper() + name[1:] if begins else name
