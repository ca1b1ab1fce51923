"""The tags of runs, versions and models: their stored names and forms, which never change."""

import ast
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from driftloop.base.errors import DataError
from driftloop.base.periods import Window
from driftloop.base.scores import Level, Score
from driftloop.base.tags import PREFIX, ModelTags, RunTags, VersionTags, counts_as_past

ROOT = Path(__file__).parents[3]
AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
LATER = datetime(2026, 3, 9, tzinfo=UTC)
RUN = RunTags(
    kind="monitor",
    removed=("report.html", "record.json"),
    balance="cost 40 EUR since 2026-03-02",
    versions=("1:0a1b2c3d", "2:-"),
    business=("revenue=12.5",),
    key="4f1c",
    as_of=AT,
    champion="3",
    rev="abc",
    headline="inputs drifted",
    sentence="Drift.",
    recorded_at=LATER,
    seconds=1.5,
    window_start=AT,
    verdict="drift",
    outcome="drift",
    since=AT,
    action="none",
    held="cooldown",
    quality_failed=True,
    troubles=("drift", "performance"),
    seen=("a1", "b2"),
    performance="fell",
    metric="roc_auc",
    score=0.75,
    score_low=0.7,
    score_high=0.8,
    score_rows=812,
    level=Level("roc_auc", 0.9, AT),
    estimated=0.81,
    value=1234.5,
    effects=("a1:0.3:0.1",),
    promise=Score("neg_log_loss", -0.01, -0.03, 0.01, 812),
    gap=Score("roc_auc", -0.02, -0.05, 0.01, 812),
    skill=Score("roc_auc", 0.25, 0.2, 0.3, 812),
    segments={"region=north": Score("roc_auc", 0.7, 0.6, 0.8, 120)},
    lost_segments=("region=north",),
    broken=("score", "relation"),
    relation=Score("relation", -0.02, -0.03, -0.01, 812),
    prefect_run="http://server/run",
    process="host 12 1795900000.25",
    trained=True,
    won=False,
    by_hand=True,
    promoted=False,
    gained=1.5,
)
STORED_RUN = {
    "driftloop.removed": "report.html record.json",
    "driftloop.balance": "cost 40 EUR since 2026-03-02",
    "driftloop.versions": "1:0a1b2c3d 2:-",
    "driftloop.business": "revenue=12.5",
    "driftloop.kind": "monitor",
    "driftloop.key": "4f1c",
    "driftloop.as_of": "2026-03-02T06:00:00+00:00",
    "driftloop.champion": "3",
    "driftloop.rev": "abc",
    "driftloop.headline": "inputs drifted",
    "driftloop.sentence": "Drift.",
    "driftloop.recorded_at": "2026-03-09T00:00:00+00:00",
    "driftloop.seconds": "1.500",
    "driftloop.window_start": "2026-03-02T06:00:00+00:00",
    "driftloop.verdict": "drift",
    "driftloop.outcome": "drift",
    "driftloop.since": "2026-03-02T06:00:00+00:00",
    "driftloop.action": "none",
    "driftloop.held": "cooldown",
    "driftloop.quality_failed": "true",
    "driftloop.troubles": "drift performance",
    "driftloop.seen": "a1 b2",
    "driftloop.effects": "a1:0.3:0.1",
    "driftloop.performance": "fell",
    "driftloop.metric": "roc_auc",
    "driftloop.score": "0.75",
    "driftloop.value": "1234.5",
    "driftloop.score_low": "0.7",
    "driftloop.score_high": "0.8",
    "driftloop.score_rows": "812",
    "driftloop.estimated": "0.81",
    "driftloop.promise": '{"metric": "neg_log_loss", "value": -0.01, "low": -0.03, '
    '"high": 0.01, "rows": 812, "guessing": null}',
    "driftloop.gap": '{"metric": "roc_auc", "value": -0.02, "low": -0.05, '
    '"high": 0.01, "rows": 812, "guessing": null}',
    "driftloop.skill": '{"metric": "roc_auc", "value": 0.25, "low": 0.2, '
    '"high": 0.3, "rows": 812, "guessing": null}',
    "driftloop.segments.lost": '["region=north"]',
    "driftloop.promise.broken": "score relation",
    "driftloop.relation": '{"metric": "relation", "value": -0.02, "low": -0.03, '
    '"high": -0.01, "rows": 812, "guessing": null}',
    "driftloop.segments": '[["region=north", "roc_auc", 0.7, 0.6, 0.8, 120]]',
    "driftloop.level": '{"metric": "roc_auc", "value": 0.9, "at": "2026-03-02T06:00:00+00:00"}',
    "driftloop.prefect_run": "http://server/run",
    "driftloop.process": "host 12 1795900000.25",
    "driftloop.trained": "true",
    "driftloop.won": "false",
    "driftloop.by_hand": "true",
    "driftloop.promoted": "false",
    "driftloop.gained": "1.5",
}
VERSION = VersionTags(
    key="4f1c",
    kind="retrain",
    as_of=AT,
    config="c0ffee",
    code="1.0",
    by="command line",
    repository=".",
    rev="abc",
    path="data",
    files=2,
    md5="d41d",
    train_start=AT,
    train_end=LATER,
    excluded=(Window(AT, LATER),),
    rows=900,
    holdout_start=AT,
    holdout_end=LATER,
    score=Score("roc_auc", 0.75, 0.7, 0.8, 100, 0.5),
    compared_model="m-1f",
    compared_end=AT,
    predicts="quantity",
    classes=("no", "yes"),
    served=True,
    environment="lock",
    lock_sha256="5ha",
    warm_start="2",
    previous_champion="1",
    comparison="{}",
    promoted_at=AT,
    rolled_back_at=LATER,
    proposal="{}",
    probation="{}",
    shadow_looks={"2026-03-02T06-00": "{}"},
    probation_looks={"2026-03-09T00-00": "{}"},
)
STORED_VERSION = {
    "driftloop.key": "4f1c",
    "driftloop.kind": "retrain",
    "driftloop.as_of": "2026-03-02T06:00:00+00:00",
    "driftloop.config": "c0ffee",
    "driftloop.code": "1.0",
    "driftloop.by": "command line",
    "driftloop.data.repository": ".",
    "driftloop.data.rev": "abc",
    "driftloop.data.path": "data",
    "driftloop.data.files": "2",
    "driftloop.data.md5": "d41d",
    "driftloop.train.start": "2026-03-02T06:00:00+00:00",
    "driftloop.train.end": "2026-03-09T00:00:00+00:00",
    "driftloop.train.excluded": (
        '[{"start": "2026-03-02T06:00:00+00:00", "end": "2026-03-09T00:00:00+00:00"}]'
    ),
    "driftloop.train.rows": "900",
    "driftloop.holdout.start": "2026-03-02T06:00:00+00:00",
    "driftloop.holdout.end": "2026-03-09T00:00:00+00:00",
    "driftloop.score": (
        '{"metric": "roc_auc", "value": 0.75, "low": 0.7, "high": 0.8, "rows": 100, '
        '"guessing": 0.5}'
    ),
    "driftloop.compared.model": "m-1f",
    "driftloop.compared.end": "2026-03-02T06:00:00+00:00",
    "driftloop.predicts": "quantity",
    "driftloop.classes": '["no", "yes"]',
    "driftloop.served": "true",
    "driftloop.environment": "lock",
    "driftloop.environment.sha256": "5ha",
    "driftloop.warm_start": "2",
    "driftloop.previous_champion": "1",
    "driftloop.comparison": "{}",
    "driftloop.promoted_at": "2026-03-02T06:00:00+00:00",
    "driftloop.rolled_back_at": "2026-03-09T00:00:00+00:00",
    "driftloop.proposal": "{}",
    "driftloop.probation": "{}",
    "driftloop.shadow.look.2026-03-02T06-00": "{}",
    "driftloop.probation.look.2026-03-09T00-00": "{}",
}
MODEL = ModelTags(place="{}", ledger={"000001": "first", "000002": "second"})
STORED_MODEL = {
    "driftloop.place": "{}",
    "driftloop.ledger.000001": "first",
    "driftloop.ledger.000002": "second",
}
EVENTS = "driftloop/alerts/events.py"
NOT_TAGS = {
    *("driftloop.model.", "driftloop.slack"),
    *("driftloop.onboarding", "driftloop.reporting"),
    "driftloop.json",
}
"""The resource of an event, a logger, packages that hold templates, and a file of a model's."""


@pytest.mark.parametrize(
    ("tags", "stored"),
    [(RUN, STORED_RUN), (VERSION, STORED_VERSION), (MODEL, STORED_MODEL)],
    ids=["run", "version", "model"],
)
def test_names_and_forms_are_as_ever(
    tags: RunTags | VersionTags | ModelTags, stored: dict[str, str]
) -> None:
    empty = [own.name for own in fields(tags) if getattr(tags, own.name) in (None, {})]
    assert empty == [], "every tag has its form pinned here"
    assert tags.to_tags() == stored
    foreign = {"mlflow.user": "me", "team": "payments"}
    assert type(tags).from_tags({**stored, **foreign}) == tags


def test_a_score_of_an_older_version_has_no_guessing() -> None:
    text = '{"metric": "roc_auc", "value": 0.75, "low": 0.7, "high": 0.8, "rows": 100}'
    tags = VersionTags.from_tags({VersionTags.tag_name("score"): text})
    assert tags.score == Score("roc_auc", 0.75, 0.7, 0.8, 100)
    assert tags.score.doubt == ""


def test_ledger_entries_are_in_their_order_however_the_registry_gives_them() -> None:
    backwards = dict(reversed(STORED_MODEL.items()))
    assert list(ModelTags.from_tags(backwards).ledger.values()) == ["first", "second"]


def test_what_is_none_is_not_stored() -> None:
    assert VersionTags(promoted_at=AT).to_tags() == {
        "driftloop.promoted_at": "2026-03-02T06:00:00+00:00"
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("score", "x"),
        ("score", "nan"),
        ("score", "null"),
        ("window_start", "yesterday"),
        ("seconds", ""),
    ],
)
def test_a_run_tag_that_cannot_be_read_counts_as_absent(name: str, text: str) -> None:
    stored = {**STORED_RUN, RunTags.tag_name(name): text}
    assert RunTags.from_tags(stored) == replace(RUN, **{name: None})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("score", "0.9"),
        ("score", '{"metric": "roc_auc"}'),
        ("rows", "many"),
        ("excluded", '[{"start": "2026-03-02"}]'),
        ("classes", "null"),
        ("files", "1.5"),
    ],
)
def test_a_version_tag_that_cannot_be_read_counts_as_absent(name: str, text: str) -> None:
    stored = {**STORED_VERSION, VersionTags.tag_name(name): text}
    assert VersionTags.from_tags(stored) == replace(VERSION, **{name: None})


@pytest.mark.parametrize("name", ["kind", "key", "as_of"])
def test_a_run_without_what_every_run_has_cannot_be_read(name: str) -> None:
    tag = RunTags.tag_name(name)
    with pytest.raises(DataError, match=tag):
        RunTags.from_tags({key: text for key, text in STORED_RUN.items() if key != tag})


def test_a_version_says_what_it_was_trained_on_wholly_or_not_at_all() -> None:
    known = VERSION.version("payments", "3", "run")
    assert known.training is not None
    assert known.training.excluded == (Window(AT, LATER),)
    assert (known.holdout, known.baseline) == (Window(AT, LATER), VERSION.score)
    for name in ("repository", "rev", "path", "train_start", "train_end", "excluded", "rows"):
        unknown = replace(VERSION, **{name: None}).version("payments", "3", "run")
        assert (unknown.training, unknown.holdout, unknown.baseline) == (None, None, None)
        assert unknown.promoted_at == AT


def test_runs_that_later_decisions_remember() -> None:
    kind, trained = RunTags.tag_name("kind"), RunTags.tag_name("trained")
    assert counts_as_past({kind: "monitor"})
    assert counts_as_past({kind: "retrain", trained: "true"})
    assert not counts_as_past({kind: "retrain", trained: "false"})
    assert not counts_as_past({kind: "bootstrap", trained: "true"})
    assert not counts_as_past({})


def test_an_old_run_is_remembered_without_what_it_did_not_store_yet() -> None:
    past = RunTags(kind="retrain", key="k", as_of=AT, trained=True).past_run
    assert (past.kind, past.since, past.seen, past.held) == ("retrain", AT, frozenset(), "")
    assert not past.won


def test_no_tag_is_named_elsewhere() -> None:
    paths = [path for package in ("driftloop", "tasks", "flows") for path in _sources(package)]
    assert len(paths) > 200
    elsewhere = {
        f"{path.relative_to(ROOT)}: {node.value!r}"
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value.startswith((PREFIX, f"tags.`{PREFIX}")) and node.value not in NOT_TAGS
    }
    assert elsewhere == set()


def _sources(package: str) -> list[Path]:
    own = (ROOT / "driftloop/base/tags.py", ROOT / EVENTS)
    return [path for path in (ROOT / package).rglob("*.py") if path not in own]


def test_segments_fill_a_tag_and_no_more() -> None:
    many = {f"{number}={'x' * 90}": Score("f1", 0.7, 0.6, 0.8, 120) for number in range(80)}
    tags = replace(RUN, segments=many).to_tags()
    assert 4500 < len(tags["driftloop.segments"]) <= 4900
    kept = RunTags.from_tags(tags).segments or {}
    assert kept == {name: many[name] for name in list(many)[: len(kept)]}
