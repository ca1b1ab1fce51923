"""What a fleet's run says of its models."""

from datetime import UTC, datetime

from driftloop.reporting.fleet import Fleet, FleetModel, fleet_table

AS_OF = datetime(2026, 3, 16, tzinfo=UTC)


def fleet(*models: FleetModel) -> Fleet:
    return Fleet(AS_OF, "*", 12.0, 2, models)


def one(name: str, outcome: str = "ok", action: str = "none") -> FleetModel:
    return FleetModel(name, "monitored", AS_OF, outcome, f"{outcome} it is", action)


def test_every_model_is_counted_once() -> None:
    failed = FleetModel("f", "failed", error="no champion")
    known = FleetModel("d", "done before"), FleetModel("n", "not due")
    record = fleet(one("a"), one("b", "drift"), one("c", "warning"), failed, *known)
    counted = "1 could not be monitored, 1 in trouble, 1 needs a look, 1 healthy"
    assert record.headline == f"6 models: {counted}, 1 done before, 1 not due"
    two = fleet(one("a", "warning"), one("b", "warning"))
    assert two.headline == "2 models: 2 need a look"
    assert fleet().headline == "no model matches '*'"


def test_what_needs_a_person_comes_first_and_healthy_ones_are_left_out() -> None:
    retrained = one("e", "ok", "retrain")
    failed = FleetModel("f", "failed", error="no champion")
    record = fleet(one("a"), one("w", "warning"), retrained, one("b", "broken"), failed)
    assert [model.model for model in record.worth_showing] == ["f", "b", "w", "e"]
    rows = fleet_table(record.worth_showing)
    assert [row["finding"] for row in rows[:2]] == ["no champion", "broken it is"]


def test_a_failure_names_the_models_and_the_way_on() -> None:
    record = fleet(one("a"), FleetModel("f", "failed", error="no champion"))
    assert record.failure.startswith("1 of 2 models could not be monitored: f; start the fleet")
