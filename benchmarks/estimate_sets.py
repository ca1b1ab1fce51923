"""The labelled sets that NannyML's package ships, and how an estimate is made on each."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EstimateSet:
    """A reference with labels, and later rows whose labels came late.

    `probabilities` are columns by class, in the order of the classes; of a regression it is empty.
    `metrics` are driftloop's names. Settings may be chosen on a set only if it is no `report`.
    """

    loader: str
    title: str
    label: str
    prediction: str
    probabilities: Mapping[str, str]
    metrics: tuple[str, ...]
    rows: int = 1000
    key: str = "id"
    left_out: tuple[str, ...] = ()
    report: bool = True


BINARY = ("roc_auc", "accuracy", "f1")
SETS: Mapping[str, EstimateSet] = {
    "car-loan": EstimateSet(
        "load_synthetic_car_loan_dataset",
        "synthetic car loan",
        "repaid",
        "y_pred",
        {"1": "y_pred_proba"},
        BINARY,
        left_out=("timestamp",),
    ),
    "credit-cards": EstimateSet(
        "load_synthetic_multiclass_classification_dataset",
        "credit cards, 3 classes",
        "y_true",
        "y_pred",
        {
            "highstreet_card": "y_pred_proba_highstreet_card",
            "prepaid_card": "y_pred_proba_prepaid_card",
            "upmarket_card": "y_pred_proba_upmarket_card",
        },
        ("accuracy",),
        left_out=("timestamp",),
    ),
    "car-price": EstimateSet(
        "load_synthetic_car_price_dataset",
        "synthetic car price",
        "y_true",
        "y_pred",
        {},
        ("neg_mae", "neg_rmse"),
        left_out=("timestamp",),
    ),
    "california": EstimateSet(
        "load_modified_california_housing_dataset",
        "California housing",
        "clf_target",
        "y_pred",
        {"1": "y_pred_proba"},
        BINARY,
        rows=500,
        left_out=("timestamp",),
    ),
    "work-home": EstimateSet(
        "load_synthetic_binary_classification_dataset",
        "synthetic work from home",
        "work_home_actual",
        "y_pred",
        {"1": "y_pred_proba"},
        BINARY,
        left_out=("timestamp", "period"),
        report=False,
    ),
    "employment": EstimateSet(
        "load_us_census_ma_employment_data",
        "US census employment",
        "employed",
        "prediction",
        {"1": "predicted_probability"},
        BINARY,
        rows=2000,
        left_out=("year",),
        report=False,
    ),
}
