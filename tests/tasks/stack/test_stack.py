"""Settings of the stack, what each service gets, and what supervisord reads."""

import configparser
from pathlib import Path

import pytest

from driftloop.base.errors import StackError
from tasks.stack.login.access import CREDENTIALS
from tasks.stack.services import Plan, StackFolder, services, stack_settings
from tasks.stack.supervisor import supervisor_text

SECRET = "not-to-be-seen"
PASSWORD = "generated-for-this-stack"
URLS = {
    "DRIFTLOOP_PREFECT_DATABASE_URL": f"postgresql://loop:{SECRET}@db/prefect",
    "DRIFTLOOP_MLFLOW_DATABASE_URL": f"postgresql://loop:{SECRET}@db/mlflow",
}


def plan(**environment: str) -> Plan:
    state = Path("/srv/100% payments/.driftloop")
    settings = stack_settings(environment)
    return Plan(settings, StackFolder(state), state.parent, Path("/opt/loop"), PASSWORD)


def test_ports_and_host_come_from_the_environment() -> None:
    found = plan(DRIFTLOOP_PREFECT_PORT="4300", DRIFTLOOP_HOST="0.0.0.0")
    assert found.prefect_api == "http://127.0.0.1:4300/api"
    assert found.address("mlflow") == "http://127.0.0.1:5000"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"DRIFTLOOP_PREFECT_PORT": "http"}, "DRIFTLOOP_PREFECT_PORT: received 'http'"),
        ({"DRIFTLOOP_SITE_PORT": "70000"}, "DRIFTLOOP_SITE_PORT: received '70000'"),
        ({"DRIFTLOOP_SITE_PORT": "5000"}, "DRIFTLOOP_MLFLOW_PORT and DRIFTLOOP_SITE_PORT are both"),
        ({"DRIFTLOOP_MLFLOW_DATABASE_URL": "mysql://a/b"}, "DRIFTLOOP_MLFLOW_DATABASE_URL: "),
    ],
)
def test_what_cannot_be_used_is_named(given: dict[str, str], said: str) -> None:
    with pytest.raises(StackError) as caught:
        stack_settings(given)
    assert str(caught.value).startswith(said)


def test_without_settings_the_databases_are_those_used_without_a_server() -> None:
    found = plan()
    assert found.mlflow_database.file == "/srv/100% payments/.driftloop/mlflow.db"
    assert not found.serves_artifacts
    assert found.artifacts == "/srv/100% payments/.driftloop/artifacts"
    (mlflow,) = (service for service in services(found, "python") if service.name == "mlflow")
    assert "file:///srv/100%25%20payments/.driftloop/artifacts" in mlflow.command


def test_a_database_on_postgres_has_its_artifacts_behind_the_server() -> None:
    found = plan(**URLS)
    assert found.serves_artifacts
    assert found.artifacts == "/srv/100% payments/.driftloop/stack/artifacts"
    assert plan(DRIFTLOOP_MLFLOW_ARTIFACTS="s3://models").serves_artifacts


def test_only_the_servers_get_their_own_password() -> None:
    found = {
        service.name: service for service in services(plan(**URLS), "python", ["SLACK_BOT_TOKEN"])
    }
    holders = {
        name
        for name, one in found.items()
        if SECRET in " ".join((*one.command, *one.environment.values()))
    }
    assert holders == {"prefect", "mlflow"}
    assert all(SECRET not in " ".join(one.command) for one in found.values())
    hidden = {*URLS, "SLACK_BOT_TOKEN"}
    assert all(hidden <= set(one.without) for one in found.values())


def test_each_process_is_given_the_password_and_none_on_its_command_line() -> None:
    found = {one.name: one for one in services(plan(), "python")}
    assert PASSWORD not in " ".join(part for one in found.values() for part in one.command)
    for name, variables in {
        "prefect": {"PREFECT_SERVER_API_AUTH_STRING": f"driftloop:{PASSWORD}"},
        "mlflow": {"DRIFTLOOP_STACK_PASSWORD": PASSWORD},
        "site": {"DRIFTLOOP_STACK_PASSWORD": PASSWORD},
        "worker": plan().clients,
        "answers": plan().clients,
        "keeper": plan().clients,
    }.items():
        given = {key: value for key, value in found[name].environment.items() if PASSWORD in value}
        assert given == {key: value for key, value in variables.items() if PASSWORD in value}
    assert set(CREDENTIALS) <= set(plan().clients)
    # What the shell of `up` has sourced earlier is not for the servers.
    assert all(set(CREDENTIALS) <= set(found[name].without) for name in ("prefect", "mlflow"))
    assert PASSWORD not in repr(plan())


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", "http://127.0.0.1:4200,http://localhost:4200"),
        ("ml.internal", "http://ml.internal:4200"),
    ],
)
def test_only_pages_of_its_own_ui_may_ask_prefect(host: str, allowed: str) -> None:
    prefect = services(plan(DRIFTLOOP_HOST=host), "python")[0]
    assert prefect.environment["PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"] == allowed


def test_supervisord_reads_what_was_meant() -> None:
    made = plan(**URLS)
    text = supervisor_text(made.folder, Path("/run/s"), services(made, "python"), "/opt/my py")
    assert SECRET not in text
    assert PASSWORD not in text
    parsed = configparser.RawConfigParser()
    parsed.read_string(text)
    command = parsed["program:worker"]["command"]
    # supervisord expands %% to %, and then splits the line as a shell does.
    assert command == (
        "'/opt/my py' -m tasks.stack.run "
        "'/srv/100%% payments/.driftloop/stack/services.json' worker"
    )
    assert parsed["program:worker"]["autostart"] == "false"
    assert parsed["program:prefect"]["autorestart"] == "true"
    assert parsed["unix_http_server"]["chmod"] == "0700"


def test_a_running_stack_is_known_by_its_settings_without_secrets() -> None:
    one, other = plan(**URLS).fingerprint, plan().fingerprint
    assert SECRET not in str(one)
    assert PASSWORD not in str(one)
    assert one["databases"] != other["databases"]
