"""What it costs to read the state of a fleet: no command's queries grow with what is not asked."""

import shutil
from pathlib import Path

import pytest

from benchmarks.fleet_state import Cost, measure
from benchmarks.fleet_store import fill

SIZES = (3, 12)
RUNS = 70
"""More than the 60 past runs that a decision looks back on."""


@pytest.fixture(scope="module")
def costs(
    empty_registry: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, dict[str, Cost]]:
    """What each command costs in a small and in a larger fleet, by size."""
    found = {}
    for models in SIZES:
        database = tmp_path_factory.mktemp("store") / "mlflow.db"
        shutil.copyfile(empty_registry / "mlflow.db", database)
        fill(f"sqlite:///{database}", models, RUNS)
        measured = measure(f"sqlite:///{database}", models, RUNS)
        found[models] = {cost.command: cost for cost in measured}
    return found


@pytest.mark.parametrize("command", ["status MODEL", "history MODEL", "past runs", "run with key"])
def test_one_model_costs_the_same_in_any_fleet(
    costs: dict[int, dict[str, Cost]], command: str
) -> None:
    small, large = (costs[models][command].queries for models in SIZES)
    assert small == large


def test_the_runs_of_all_models_are_found_with_as_many_queries_as_those_of_a_few(
    costs: dict[int, dict[str, Cost]],
) -> None:
    for command in ("dashboard data", "which have run"):
        small, large = (costs[models][command].queries for models in SIZES)
        assert small == large


def test_the_status_of_all_asks_once_for_each_champion_and_once_for_all_the_rest(
    costs: dict[int, dict[str, Cost]],
) -> None:
    small, large = (costs[models]["status"].queries for models in SIZES)
    (few, _), (many, _) = ((models, costs[models]) for models in SIZES)
    each = (large - small) / (many - few)
    one_alone = costs[many]["status MODEL"].queries
    assert each < one_alone / 3
