"""NannyML's estimates on a set that its package ships: CBPE, and DLE for a regression.

Writes the set as two Parquet files, so that another tool estimates on the same rows, and prints
for each metric and chunk the estimate, its sampling error and its bounds.
"""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.estimate_sets import SETS, EstimateSet

NAMES = {"accuracy": "accuracy", "f1": "f1", "roc_auc": "roc_auc"}
LOSSES = {"neg_mae": "mae", "neg_rmse": "rmse"}


def _write(chosen: EstimateSet, folder: Path) -> tuple[Any, Any]:
    import nannyml.datasets as datasets

    reference, analysis, targets = getattr(datasets, chosen.loader)()
    late = targets[[chosen.key, chosen.label]]
    merged = analysis.merge(late, on=chosen.key, how="left", validate="one_to_one")
    for name, table in (("reference", reference), ("analysis", merged)):
        written = table.drop(columns=[chosen.key, *chosen.left_out], errors="ignore")
        for column in written.select_dtypes(["category", "object", "bool"]):
            text = written[column].astype(object)
            written[column] = text.where(text.isna(), text.astype(str))
        written.to_parquet(folder / f"{name}.parquet", index=False)
    return reference, analysis


def _estimator(chosen: EstimateSet, reference: Any) -> tuple[Any, dict[str, str]]:
    import nannyml

    if not chosen.probabilities:
        metrics = {name: LOSSES[name] for name in chosen.metrics}
        apart = {chosen.key, chosen.label, chosen.prediction, *chosen.left_out}
        features = [name for name in reference.columns if name not in apart]
        estimator = nannyml.DLE(
            feature_column_names=features,
            y_pred=chosen.prediction,
            y_true=chosen.label,
            metrics=list(metrics.values()),
            chunk_size=chosen.rows,
        )
        return estimator, metrics
    metrics = {name: NAMES[name] for name in chosen.metrics}
    several = len(chosen.probabilities) > 1
    estimator = nannyml.CBPE(
        y_pred_proba=dict(chosen.probabilities) if several else chosen.probabilities["1"],
        y_pred=chosen.prediction,
        y_true=chosen.label,
        problem_type="classification_multiclass" if several else "classification_binary",
        metrics=list(metrics.values()),
        chunk_size=chosen.rows,
    )
    return estimator, metrics


def main() -> None:
    """Estimate on the set that the job names and print what came of it."""
    import warnings

    warnings.filterwarnings("ignore")
    job = json.loads(sys.argv[1])
    chosen, folder = SETS[job["set"]], Path(job["folder"])
    reference, analysis = _write(chosen, folder)
    estimator, metrics = _estimator(chosen, reference)
    started = time.process_time()
    estimator.fit(reference)
    fitted = time.process_time()
    result = estimator.estimate(analysis).filter(period="analysis").to_df()
    done = time.process_time()
    chunks = {}
    for name, own in metrics.items():
        sign = -1.0 if name.startswith("neg_") else 1.0
        columns = {"value": "value", "sampling": "sampling_error"}
        chunks[name] = {key: result[own, column].tolist() for key, column in columns.items()}
        chunks[name]["value"] = [sign * value for value in chunks[name]["value"]]
    seconds = {"fit": fitted - started, "estimate": done - fitted}
    known = {"nannyml": version("nannyml")}
    print("\n" + json.dumps({"chunks": chunks, "seconds": seconds, "versions": known}))


if __name__ == "__main__":
    main()
