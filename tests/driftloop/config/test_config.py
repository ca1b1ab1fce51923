"""Configuration files under tests/fixtures/configs: good ones load, bad ones say why in a line.

A bad file names what its error must say in comments of its own: ``# expect: text``.
"""

import math
import re
from datetime import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftloop.base.errors import ConfigError
from driftloop.base.windows import FixedReference
from driftloop.config import loading as load
from driftloop.config.loading import config_hash, find_config, load_config
from driftloop.config.model_config import ModelConfig
from driftloop.performance.metrics import valid_metrics
from driftloop.quality.checks import DEFAULT_CHECKS, Range

ROOT = Path(__file__).parents[3]
CONFIGS = ROOT / "tests" / "fixtures" / "configs"
GOOD = sorted((CONFIGS / "good").glob("*.yaml"))
BAD = sorted((CONFIGS / "bad").glob("*.yaml"))
EXPECT = re.compile(r"^# expect: (.+)$", re.MULTILINE)
JARGON = ("NoneType", "dictionary", "instance", "discriminator", "tuple", "Traceback", "pydantic")


def named(path: Path) -> str:
    return path.stem


def error_of(path: Path) -> str:
    with pytest.raises(ConfigError) as error:
        load_config(path)
    return str(error.value)


@pytest.mark.parametrize("path", GOOD, ids=named)
def test_good_file_loads(path: Path) -> None:
    config = load_config(path)
    assert config.model == "payments"
    assert {"event_time", "is_fraud", "amount"} <= set(config.columns)


def test_a_kind_alone_stands_for_its_defaults(tmp_path: Path) -> None:
    short = (CONFIGS / "good" / "kinds_alone.yaml").read_text()
    long = tmp_path / "payments.yaml"
    text = short.replace("mode: approval", "mode: {kind: approval}")
    text = text.replace("effect: jensen_shannon", "effect: {kind: jensen_shannon}")
    long.write_text(text.replace("[drift, manual]", "[{kind: drift}, {kind: manual}]"))
    assert load_config(CONFIGS / "good" / "kinds_alone.yaml") == load_config(long)


@pytest.mark.parametrize("path", BAD, ids=named)
def test_bad_file_is_one_clear_line(path: Path) -> None:
    text = error_of(path)
    assert text.startswith(f"{path}: ")
    said = text.removeprefix(f"{path}: ")
    assert "\n" not in said
    assert len(said) < 300
    for expected in EXPECT.findall(path.read_text()):
        assert expected in said
    assert [word for word in JARGON if word.lower() in said.lower()] == []


def test_enough_files_are_tried() -> None:
    assert len(GOOD) >= 6
    assert len(BAD) >= 50
    silent = [path.stem for path in BAD if not EXPECT.search(path.read_text())]
    assert silent == []


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert "cannot be read" in error_of(tmp_path / "none.yaml")
    assert "cannot be read" in error_of(tmp_path)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("model: é".encode("latin-1"))
    assert "cannot be read" in error_of(latin)


def test_a_file_makes_no_objects(tmp_path: Path) -> None:
    path, mark = tmp_path / "payments.yaml", tmp_path / "ran"
    path.write_text(f"model: !!python/object/apply:os.mkdir ['{mark}']\n")
    with pytest.raises(ConfigError, match=r"payments\.yaml"):
        load_config(path)
    assert not mark.exists()


def test_demo_config_loads() -> None:
    config = load_config(ROOT / "configs" / "payments.yaml")
    assert config.model == "payments"
    assert len(config.features.numeric + config.features.categorical) == 15
    assert config.quality == DEFAULT_CHECKS


def test_every_kind_is_what_it_says() -> None:
    config = load_config(CONFIGS / "good" / "every_kind.yaml")
    assert isinstance(config.windows.reference, FixedReference)
    assert config.quality[4] == Range(column="amount", minimum=0)
    assert [trigger.kind for trigger in config.decision.triggers] == ["drift", "performance", "age"]
    slack, email = config.alerts.channels[0], config.alerts.channels[3]
    assert slack.quiet_hours is not None
    assert (slack.quiet_hours.start, slack.quiet_hours.end) == (time(22), time(7))
    assert email.quiet_hours is not None
    assert (email.quiet_hours.start, email.quiet_hours.end) == (time(18), time(8))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("0", 0), ("-3", -3), ("1_000", 1000), ("0x1f", 31), ("010", 8), ("0b11", 3)),
        *((".5", 0.5), ("-0.25", -0.25), ("1.5e+3", 1500.0), ("+1", 1), ("-.inf", -math.inf)),
    ],
)
def test_numbers_are_read_as_yaml_reads_them(tmp_path: Path, text: str, number: float) -> None:
    path = tmp_path / "numbers.yaml"
    path.write_text(f"value: {text}\ntimes: [22:00, 7:30, 1:30:15, 22:00.5]\n")
    raw = load._read(path)
    assert raw == {"value": number, "times": ["22:00", "7:30", "1:30:15", "22:00.5"]}
    assert type(raw["value"]) is type(number)
    assert raw["value"] == yaml.safe_load(path.read_text())["value"]


def test_find_config_names_the_models_there_are() -> None:
    folder = CONFIGS / "good"
    assert find_config(folder, "minimal") == folder / "minimal.yaml"
    with pytest.raises(ConfigError, match=r"no such model; received 'minmal'; valid: .*minimal\?"):
        find_config(folder, "minmal")


def minimal(**changes: Any) -> ModelConfig:
    raw = yaml.safe_load((CONFIGS / "good" / "minimal.yaml").read_text())
    return ModelConfig.model_validate({**raw, **changes})


def test_hash_is_stable() -> None:
    """A constant: the hash is a tag on model versions, so it must not change by chance."""
    first, second = config_hash(minimal()), config_hash(minimal())
    assert first == second
    assert re.fullmatch("[0-9a-f]{12}", first)


def test_hash_is_of_the_meaning() -> None:
    spelled = minimal(windows={"current": "week"}, drift={"alarm_budget": 0.5})
    assert config_hash(spelled) == config_hash(minimal())
    bom = load_config(CONFIGS / "good" / "bom.yaml")
    assert config_hash(bom) == config_hash(minimal())


@pytest.mark.parametrize(
    "change",
    [
        {"model": "other"},
        {"windows": {"current": "2 weeks"}},
        {"drift": {"level": 0.02}},
        {"drift": {"features": {"age": {"test": {"kind": "chi2"}}}}},
        {"quality": []},
        {"training": {"search": {"kind": "halving", "space": {"max_iter": [10]}}}},
        {"features": {"numeric": ["age", "amount"], "categorical": ["country"]}},
        {"comparison": {"gates": [{"kind": "minimum_score", "minimum": 0.5}]}},
    ],
)
def test_hash_sees_every_change(change: dict[str, Any]) -> None:
    assert config_hash(minimal(**change)) != config_hash(minimal())


def test_hash_sees_the_engine() -> None:
    """Both are named, because the default is the one that is installed."""
    native, alibi = (minimal(drift={"engine": engine}) for engine in ("native", "alibi"))
    assert config_hash(native) != config_hash(alibi)


def test_config_is_frozen_and_survives_json() -> None:
    config = minimal()
    with pytest.raises(ValueError, match="frozen"):
        config.model = "other"  # type: ignore[misc]
    assert ModelConfig.model_validate(config.model_dump(mode="json")) == config
    assert ModelConfig.model_validate_json(config.model_dump_json()) == config


def test_columns_that_gates_need_are_read_once() -> None:
    gates = [
        {"kind": "segments", "columns": ["country", "region"]},
        {"kind": "fairness", "column": "sex"},
    ]
    config = minimal(comparison={"gates": gates})
    assert config.columns == (*minimal().columns, "region", "sex")


def test_regression_is_scored_by_its_root_mean_squared_error_unless_a_metric_is_named() -> None:
    assert minimal(task="regression").comparison.metric == "neg_rmse"
    named = minimal(task="regression", comparison={"metric": "r2", "margin": 0.1})
    assert (named.comparison.metric, named.comparison.margin) == ("r2", 0.1)
    assert minimal(task="regression", comparison={"margin": 0.1}).comparison.metric == "neg_rmse"
    assert minimal().comparison.metric == "roc_auc"


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_every_metric_of_a_task_is_taken_by_it(task: str) -> None:
    for metric in valid_metrics("multiclass" if task == "multiclass" else "binary"):
        assert minimal(task=task, comparison={"metric": metric}).comparison.metric == metric
