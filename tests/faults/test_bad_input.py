"""Input that no model can be trained on: the champion stays, and the message says why in a line."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from faults.forks import Zygote
from faults.ground import CONFIG, SECOND, START, commit, moment
from faults.state import champion_of, ledger_faults
from peers.slack import SlackPeer
from workshop import write_config

LIVE = "No new model could be trained; version 1 stays live."
KEY = re.compile(r"w\d\d-\d{4}")


def batch(folder: Path, week: int) -> Path:
    return folder / "data" / "payments" / f"{week:02d}.parquet"


def leaked(folder: Path) -> None:
    """A row of the training weeks is delivered again with the holdout's week."""
    path = batch(folder, 9)
    rows = pd.read_parquet(path)
    rows.loc[100, "id"] = pd.read_parquet(batch(folder, 7)).loc[3, "id"]
    rewrite(path, rows)
    commit(folder)


def one_class(folder: Path) -> None:
    for week in range(10):
        rewrite(batch(folder, week), pd.read_parquet(batch(folder, week)).assign(bad=0))
    commit(folder)


def rewrite(path: Path, rows: pd.DataFrame) -> None:
    path.unlink()  # DVC may have linked it to its cache
    rows.to_parquet(path, index=False)


def custom(name: str, *types: str) -> Callable[[Path], None]:
    def configure(folder: Path) -> None:
        path = f"faults.estimators.{name}"
        allow = {"estimators": [path], "types": list(types)}
        set_training(folder, {"estimator": {"kind": "custom", "path": path}, "allow": allow})

    return configure


def set_training(folder: Path, changes: dict[str, Any]) -> None:
    write_config(folder, {**CONFIG, "training": {**CONFIG["training"], **changes}})


TABLE: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "a row leaked": (
        leaked,
        LIVE,
        "1 of 299 holdout rows were trained on by version 2 (the same by id): no fair comparison, "
        "the champion stays; find out why the data repeat rows.",
    ),
    "one class": (
        one_class,
        LIVE,
        "the label 'bad' has one class only (0); a model needs two or more.",
    ),
    "an estimator that raises": (
        custom("Raising"),
        LIVE,
        "faults.estimators.Raising could not be trained: row […] is one too many.",
    ),
    "predictions that are no number": (
        custom("NoNumber", "faults.estimators.NoNumber"),
        LIVE,
        "the trained model's predictions are not valid numbers on 661 of its 661 newest training "
        "rows.",
    ),
    "a type that is not allowed": (
        custom("Constant"),
        LIVE,
        "the trained model holds types that are not on the allow-list and is neither stored nor "
        "loaded: faults.estimators.Constant; add them to training.allow.types if you trust them.",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_message_says_why(name: str, first: Path, zygote: Zygote, slack: SlackPeer) -> None:
    spoil, outcome, sentence = TABLE[name]
    spoil(first)
    ended = zygote.run("retrain", first)
    assert "ok" in ended, ended["trace"]
    assert (champion_of(first), ledger_faults(first)) == ("1", ())
    assert len(slack.posts) == 1
    assert outcome in slack.posts[0].text
    said = [block["text"]["text"] for block in slack.posts[0].blocks if "text" in block]
    done = next(text for text in said if text.startswith("*What driftloop did*"))
    assert sentence in done, done
    assert "\n" not in done.removeprefix("*What driftloop did*\n")
    everything = json.dumps(slack.posts[0].blocks) + slack.posts[0].text
    assert not KEY.search(everything)
    assert str(START.year) not in done


@pytest.mark.parametrize(
    ("training", "sentence"),
    [
        ({"estimator": {"kind": "custom", "path": "subprocess.Popen"}}, "subprocess.Popen"),
        ({"allow": {"types": ["builtins.eval"]}}, "builtins.eval"),
    ],
    ids=["an estimator that is no estimator", "a type that runs code"],
)
def test_a_forbidden_configuration_is_refused_before_anything_is_done(
    training: dict[str, Any], sentence: str, first: Path, zygote: Zygote, slack: SlackPeer
) -> None:
    set_training(first, training)
    ended = zygote.run("retrain", first)
    assert ended["error"] == "ConfigError", ended
    assert sentence in ended["line"]
    assert "\n" not in ended["line"]
    assert (champion_of(first), slack.posts) == ("1", [])


def test_a_retraining_that_trained_nothing_is_no_success(
    first: Path, slack: SlackPeer, prefect_server: str, run_cli: Callable[..., Any]
) -> None:
    one_class(first)
    done = run_cli("retrain", "payments", "--as-of", f"{moment(SECOND):%F}", "-w", str(first))
    assert done.returncode == 2
    assert "has one class only" in done.stdout
