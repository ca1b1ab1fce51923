"""A real Pushgateway and a real Prometheus: what a run publishes is what a query gives."""

import json
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from workshop import look, monday

from driftloop.base.records import MonitorRecord
from driftloop.reporting.prometheus.metrics import METRICS
from driftloop.reporting.prometheus.samples import samples_of
from tasks.reporting.prometheus_format import text_format
from tasks.reporting.publish_metrics import FOLDER, URL, push
from tasks.runtime.servers.local_server import free_port
from tests.driftloop.reporting.prometheus.complete import complete
from tests.driftloop.reporting.prometheus.test_configs import asked_for, expressions
from tests.services.programs import PATIENCE, running
from tests.tasks.reporting.test_publish_metrics import HOSTILE, samples

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "configs" / "prometheus"
VARIABLES = {"$model": "payments|complete"}


@dataclass(frozen=True)
class Scraped:
    """A Prometheus that scrapes a Pushgateway, and the runs that published there."""

    api: str
    gateway: str
    records: tuple[MonitorRecord, ...]
    textfile: Path

    def get(self, path: str, **parameters: str) -> Any:
        """What the HTTP API answers."""
        address = f"{self.api}/api/v1/{path}?{urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            found = json.load(answer)
        assert found["status"] == "success", found
        return found["data"]

    def query(self, expression: str) -> dict[frozenset[tuple[str, str]], float]:
        """The value of every series of an expression, by its labels."""
        data = self.get("query", query=expression)
        return {frozenset(one["metric"].items()): float(one["value"][1]) for one in data["result"]}

    def value(self, expression: str) -> float:
        """The value of an expression that has one series."""
        (found,) = self.query(expression).values()
        return found

    def until(self, expression: str, expected: Callable[[list[float]], bool]) -> None:
        """Wait until an expression has the values that are expected."""
        end = time.monotonic() + PATIENCE
        while not expected(list(self.query(expression).values())):
            assert time.monotonic() < end, self.query(expression)
            time.sleep(0.2)


@pytest.fixture(scope="module")
def scraped(
    championed_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scraped]:
    folder = tmp_path_factory.mktemp("prometheus")
    place = Path(shutil.copytree(championed_template, folder / "workspace", symlinks=True))
    gateway, server = (f"127.0.0.1:{free_port()}" for _ in range(2))
    _configure(folder, gateway)
    (folder / "textfile").mkdir()
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            patch.delenv(name, raising=False)
        patch.setenv(URL, f"http://{gateway}")
        patch.setenv(FOLDER, str(folder / "textfile"))
        for command, address in (
            (["prometheus-pushgateway", f"--web.listen-address={gateway}"], gateway),
            (
                [
                    "prometheus",
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address={server}",
                ],
                server,
            ),
        ):
            log = folder / f"{command[0]}.log"
            stack.enter_context(running(command, f"http://{address}/-/ready", log))
        records = look(place, 9), look(place, 20)
        push(f"http://{gateway}", "complete", samples_of(complete(datetime.now(UTC))))
        textfile = folder / "textfile" / "driftloop_payments.prom"
        yield Scraped(f"http://{server}", f"http://{gateway}", records, textfile)


def _configure(folder: Path, gateway: str) -> None:
    """The example of the repository, with this Pushgateway and less patience."""
    shutil.copy(PROMETHEUS / "driftloop.rules.yml", folder)
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    pushed = next(one for one in config["scrape_configs"] if one["job_name"] == "pushgateway")
    pushed["static_configs"] = [{"targets": [gateway]}]
    config["scrape_configs"] = [pushed]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))


def promtool(*arguments: str, text: str = "", folder: Path = PROMETHEUS) -> str:
    """Run promtool, which has to find nothing to complain of."""
    done = subprocess.run(
        ["promtool", *arguments],
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_example_and_the_rules_are_valid() -> None:
    promtool("check", "config", "prometheus.yml")
    promtool("check", "rules", "--lint=all", "--lint-fatal", "driftloop.rules.yml")


def test_the_rules_fire_and_keep_quiet_as_they_should() -> None:
    assert "SUCCESS" in promtool("test", "rules", "driftloop.rules.test.yml")


def test_expositions_are_valid_whatever_columns_are_called(scraped: Scraped) -> None:
    for text in (
        text_format(samples_of(complete())),
        text_format(samples(*HOSTILE)),
        scraped.textfile.read_text(),
    ):
        assert promtool("check", "metrics", text=text) == ""


def test_a_run_is_scraped(scraped: Scraped) -> None:
    calm, found = scraped.records
    assert calm.verdict.status == "ok"
    assert found.verdict.status == "drift"
    seen = 'driftloop_last_run_as_of_timestamp_seconds{model="payments"}'
    scraped.until(seen, lambda values: values == [monday(21).timestamp()])
    only = '{job="driftloop",model="payments"'
    assert scraped.value(f'driftloop_verdict{only},status="drift"}}') == 1
    assert scraped.value(f'driftloop_verdict{only},status="ok"}}') == 0
    assert scraped.value(f'driftloop_score{only},metric="roc_auc"}}') == found.performance.score
    assert scraped.value(f'driftloop_rows{only},part="current"}}') == found.rows_current
    assert scraped.value(f'driftloop_retrains_total{only},outcome="promoted"}}') == 1
    assert scraped.value(f"driftloop_promotions_total{only}}}") == 2
    assert scraped.value(f'driftloop_champion_info{only},version="2"}}') == 1
    assert scraped.value(f"driftloop_incident_open{only}}}") == 1
    effects = scraped.query(f'driftloop_effect_size{only},role="feature"}}')
    drawn = {dict(labels)["feature"] for labels in effects}
    assert {one.name for one in found.drifted if one.role == "feature"} & drawn
    assert len(drawn) == 10
    champions = scraped.value('count(driftloop_champion_info{model="payments"})')
    assert champions == 1, "the version before is still published beside the champion"


def test_every_metric_of_the_table_is_scraped(scraped: Scraped) -> None:
    scraped.until('driftloop_period_seconds{model="complete"}', bool)
    known = scraped.get("label/__name__/values")
    assert {metric.name for metric in METRICS} <= set(known)
    told = scraped.get("targets/metadata", match_target='{job="pushgateway"}')
    kinds = {one["metric"]: (one["type"], one["help"]) for one in told}
    assert {metric.name: kinds[metric.name] for metric in METRICS} == {
        metric.name: (metric.kind, metric.help) for metric in METRICS
    }


@pytest.mark.parametrize(
    "where", [expression for expression in expressions() if "rule" not in expression]
)
def test_the_dashboard_shows_something(scraped: Scraped, where: str) -> None:
    scraped.until('driftloop_period_seconds{model="complete"}', bool)
    expression = expressions()[where]
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression
    if where.startswith("annotation"):
        scraped.query(expression)  # a change of champion is an event, and may be past
        expression = expression.partition(">")[0]
    scraped.until(expression, bool)


def test_prometheus_evaluates_every_rule(scraped: Scraped) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        groups = scraped.get("rules")["groups"]
        found = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
        if set(found.values()) == {"ok"} or time.monotonic() > end:
            break
        time.sleep(0.2)
    names = {where.partition(" ")[2] for where in expressions() if where.startswith("rule")}
    assert found == dict.fromkeys(names, "ok")


@pytest.mark.parametrize(
    "where", [expression for expression in expressions() if "rule" in expression]
)
def test_what_a_rule_looks_at_is_there(scraped: Scraped, where: str) -> None:
    for name, labels in asked_for(where):
        chosen = ",".join(f'{label}="{value}"' for label, value in labels.items())
        scraped.until(f"{name}{{{chosen}}}", bool)


def test_a_real_gateway_takes_hostile_names_and_lets_vanish_what_is_gone(scraped: Scraped) -> None:
    push(scraped.gateway, "hostile", samples(*HOSTILE))
    counted = 'count(driftloop_effect_size{model="hostile"})'
    scraped.until(counted, lambda values: values == [len(HOSTILE)])
    given = {sample.named["feature"] for sample in samples(*HOSTILE) if "feature" in sample.named}
    series = scraped.query('driftloop_effect_size{model="hostile"}')
    assert {dict(labels)["feature"] for labels in series} == given
    push(scraped.gateway, "hostile", samples(HOSTILE[0]))
    scraped.until(counted, lambda values: values == [1])


def test_rules_need_no_metric_that_is_not_documented() -> None:
    """`expressions` sees what is written: a name that it misses would go untested."""
    text = (PROMETHEUS / "driftloop.rules.yml").read_text()
    seen = {name for where in expressions() if "rule" in where for name, _ in asked_for(where)}
    assert set(re.findall(r"driftloop_[a-z_]+", text)) == seen
