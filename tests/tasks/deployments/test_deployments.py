"""Which deployments a workspace has, and the form that each shows."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftloop.base.errors import ConfigError
from driftloop.config.loading import config_hash, load_config
from tasks.deployments.compose import TOOL, Cron, Deployment, compose, form

ROOT = Path(__file__).parents[3]
RAW = yaml.safe_load((ROOT / "prefect.yaml").read_text())
PAYMENTS = load_config(ROOT / "configs" / "payments.yaml")
CHURN = PAYMENTS.model_copy(update={"model": "churn", "description": ""})
SCHEMA = {
    "type": "object",
    "required": ["model"],
    "properties": {
        "model": {"type": "string", "description": "name of a configuration."},
        "as_of": {
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}],
            "default": None,
        },
        "dry_run": {"type": "boolean", "default": False},
        "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "workspace": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
    },
}


def composed(raw: dict[str, Any] = RAW, workspace: str | None = None) -> dict[str, Deployment]:
    found = compose(raw, (PAYMENTS, CHURN), "0.1.0", workspace)
    names = [one.full_name for one in found]
    assert len(set(names)) == len(names)
    return {one.full_name: one for one in found}


def test_every_model_has_a_monitor_on_its_schedule_that_never_piles_up() -> None:
    for config in (PAYMENTS, CHURN):
        found = composed()[f"monitor/monitor-{config.model}"]
        assert found.schedules == (Cron("0 6 * * 1", "UTC", True),)
        assert (found.concurrency_limit, found.collision) == (1, "CANCEL_NEW")
        assert found.parameters == {"model": config.model}
        assert config.model in found.tags
        assert found.version == f"0.1.0 {config_hash(config)}"
    assert composed()["monitor/monitor-payments"].description == PAYMENTS.description
    assert "churn" in composed()["monitor/monitor-churn"].description


def test_a_model_of_a_fleet_is_run_by_the_fleet_when_it_is_due() -> None:
    schedule = PAYMENTS.schedule.model_copy(update={"fleet": "nightly"})
    model = PAYMENTS.model_copy(update={"schedule": schedule})
    found = {one.full_name: one for one in compose(RAW, (model, CHURN), "0.1.0", None)}
    assert found["monitor/monitor-payments"].schedules == ()
    assert found["monitor/monitor-churn"].schedules
    fleet = found["fleet/fleet-nightly"]
    assert fleet.parameters == {"select": "nightly", "due": True}
    assert [cron.cron for cron in fleet.schedules] == ["10 * * * *"]
    assert (fleet.concurrency_limit, fleet.collision) == (1, "CANCEL_NEW")


def test_the_others_are_there_once_and_are_started_by_hand() -> None:
    found = composed()
    for name in (
        "retrain/retrain",
        "rollback/rollback",
        "bootstrap/tool-bootstrap",
        "mute/tool-mute",
    ):
        assert found[name].schedules == ()
        assert found[name].model is None


def test_the_daily_ones_come_first_where_all_are_sorted_by_name() -> None:
    """As Prefect's own list is."""
    schedule = PAYMENTS.schedule.model_copy(update={"fleet": "nightly"})
    fleet = PAYMENTS.model_copy(update={"schedule": schedule})
    made = sorted(compose(RAW, (fleet, CHURN), "0.1.0", None), key=lambda one: one.name)
    daily = ["daily" in one.tags for one in made]
    assert daily == sorted(daily, reverse=True)
    assert [one.name for one in made][: sum(daily)] == [
        *("approve", "fleet", "fleet-nightly", "monitor", "monitor-churn", "monitor-payments"),
        *("retrain", "rollback", "snapshot"),
    ]
    assert {one.name.startswith(TOOL) for one in made if "daily" not in one.tags} == {True}


def test_a_deployment_that_is_written_out_wins_over_the_template() -> None:
    raw = deepcopy(RAW)
    own = {
        "name": "monitor-churn",
        "description": "On a machine with more memory.",
        "entrypoint": "flows/monitor.py:monitor",
        "parameters": {"model": "churn"},
        "work_pool": {"name": "large"},
    }
    raw["deployments"].append(own)
    found = composed(raw)["monitor/monitor-churn"]
    assert (found.work_pool_name, found.schedules) == ("large", ())


def test_a_workspace_elsewhere_is_a_parameter_of_every_deployment() -> None:
    assert {one.parameters["workspace"] for one in composed(workspace="/srv/churn").values()} == {
        "/srv/churn"
    }
    assert all("workspace" not in one.parameters for one in composed().values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schedule": []}, ("monitor", "unknown key", "schedules")),
        ({"description": ""}, ("monitor", "description is required")),
        ({"schedules": [{"interval": 60}]}, ("unknown key", "cron")),
        ({"schedules": [{"timezone": "UTC"}]}, ("cron is required",)),
    ],
)
def test_an_entry_that_would_be_ignored_in_part_is_refused(
    change: dict[str, Any], words: tuple[str, ...]
) -> None:
    raw = deepcopy(RAW)
    entry = next(one for one in raw["deployments"] if one["name"] == "monitor")
    entry.update(change)
    with pytest.raises(ConfigError, match=r"prefect\.yaml") as caught:
        composed(raw)
    for word in words:
        assert word in str(caught.value)


def test_a_form_has_a_choice_of_models_a_date_and_a_switch() -> None:
    made = form(SCHEMA, ("payments", "churn"))
    fields = made["properties"]
    assert fields["model"]["enum"] == ["churn", "payments"]
    assert fields["as_of"] == {"type": "string", "format": "date-time", "title": "As of"}
    assert fields["dry_run"] == {"type": "boolean", "default": False, "title": "Dry run"}
    assert len(fields["either"]["anyOf"]) == 2
    assert "workspace" not in fields
    assert made["required"] == ["model"]
    assert "enum" not in SCHEMA["properties"]["model"], "the schema given is left as it was"


def test_the_form_of_one_model_offers_only_that() -> None:
    assert form(SCHEMA, ("payments", "churn"), "churn")["properties"]["model"]["enum"] == ["churn"]
