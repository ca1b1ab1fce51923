"""Tags of MLflow runs, model versions and registered models; nothing else knows their names.

A stored name begins with ``driftloop.``. A field that is None is not stored, so that an instance
with few fields is a partial update. Everybody may edit tags in MLflow: a value that cannot be read
counts as absent, and is in the way of nothing but what needs it.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import Any, Literal, Self

from driftloop.base.data_slices import DataSlice, Snapshot
from driftloop.base.errors import DataError
from driftloop.base.periods import Window
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.scores import Level, Score
from driftloop.base.serialize import (
    COUNT,
    FLAG,
    LEVEL,
    NAMES,
    NUMBER,
    SCORE,
    SECONDS,
    SEGMENTS,
    TEXT,
    TIME,
    WINDOWS,
    WORDS,
    Form,
)

PREFIX = "driftloop."


def _tag(name: str, form: Form = TEXT) -> dict[str, Any]:
    """Return the metadata of a field; a name that ends with a dot is that of a family of tags."""
    return {"tag": PREFIX + name, "form": form}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tags:
    @classmethod
    def tag_name(cls, name: str) -> str:
        """Return the stored name of a field's tag."""
        return str(next(own.metadata["tag"] for own in fields(cls) if own.name == name))

    @classmethod
    def from_tags(cls, stored: Mapping[str, str]) -> Self:
        """Return what stored tags say; tags of others are passed over.

        Raises `DataError` if a tag that is always written is absent or cannot be read.
        """
        values: dict[str, Any] = {}
        for own in fields(cls):
            name, form = own.metadata["tag"], own.metadata["form"]
            if name.endswith("."):
                family = sorted(stored.items())
                values[own.name] = {
                    key.removeprefix(name): text for key, text in family if key.startswith(name)
                }
            elif (value := _value(form, stored.get(name))) is not None:
                values[own.name] = value
            elif own.default is MISSING:
                raise DataError(f"the tag {name} is missing or cannot be read")
        return cls(**values)

    def to_tags(self) -> dict[str, str]:
        """Return the tags as they are stored."""
        stored: dict[str, str] = {}
        for own in fields(self):
            name, form, value = own.metadata["tag"], own.metadata["form"], getattr(self, own.name)
            if name.endswith("."):
                stored |= {name + key: text for key, text in value.items()}
            elif value is not None:
                stored[name] = form.write(value)
        return stored


def _value(form: Form, text: str | None) -> Any:
    if text is None:
        return None
    try:
        return form.read(text)
    except (DataError, ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True, slots=True)
class PastRun:
    """What is remembered of an earlier run; `since` is where drift began, else its window."""

    kind: Literal["monitor", "retrain"]
    as_of: datetime
    since: datetime
    verdict: str
    action: str
    quality_failed: bool
    performance: str
    champion: str
    won: bool
    by_hand: bool = False
    held: str = ""
    seen: frozenset[str] = frozenset()
    """Marks of the columns that drifted, confirmed or not; see `driftloop.drift.confirmation`."""
    metric: str = ""
    score: float | None = None
    level: Level | None = None
    gained: float | None = None
    """Standard errors by which a challenger was better; None where that was not measured."""
    low: float | None = None
    high: float | None = None
    rows: int = 0
    value: float | None = None
    """What a row of its window, or of its holdout by what served then, was worth."""
    promise: Score | None = None
    """What its window scored beyond the promise, `gap` beyond the estimate, `skill` beyond
    guessing, `segments` in parts."""
    gap: Score | None = None
    skill: Score | None = None
    segments: Mapping[str, Score] = field(default_factory=dict)
    lost_segments: frozenset[str] = frozenset()
    broken: tuple[str, ...] = ()
    """What the promise counted as broken by, `relation` how much the relation had changed."""
    relation: Score | None = None

    @property
    def realised(self) -> Score | None:
        """The score of its window with its interval; None without one."""
        if self.score is None or self.low is None or self.high is None or not self.rows:
            return None
        return Score(self.metric, self.score, self.low, self.high, self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTags(_Tags):
    """The tags of a monitoring run, a retraining or the training of a first champion.

    `champion` is the version judged or challenged, empty if none, `held` what kept a retraining
    back, `process` who works on it, `removed` files that are not kept any more.
    """

    kind: str = field(metadata=_tag("kind"))
    key: str = field(metadata=_tag("key"))
    as_of: datetime = field(metadata=_tag("as_of", TIME))
    champion: str | None = field(default=None, metadata=_tag("champion"))
    rev: str | None = field(default=None, metadata=_tag("rev"))
    headline: str | None = field(default=None, metadata=_tag("headline"))
    sentence: str | None = field(default=None, metadata=_tag("sentence"))
    recorded_at: datetime | None = field(default=None, metadata=_tag("recorded_at", TIME))
    seconds: float | None = field(default=None, metadata=_tag("seconds", SECONDS))
    # of a monitoring run
    window_start: datetime | None = field(default=None, metadata=_tag("window_start", TIME))
    verdict: str | None = field(default=None, metadata=_tag("verdict"))
    outcome: str | None = field(default=None, metadata=_tag("outcome"))
    since: datetime | None = field(default=None, metadata=_tag("since", TIME))
    action: str | None = field(default=None, metadata=_tag("action"))
    held: str | None = field(default=None, metadata=_tag("held"))
    quality_failed: bool | None = field(default=None, metadata=_tag("quality_failed", FLAG))
    troubles: tuple[str, ...] | None = field(default=None, metadata=_tag("troubles", WORDS))
    seen: tuple[str, ...] | None = field(default=None, metadata=_tag("seen", WORDS))
    effects: tuple[str, ...] | None = field(default=None, metadata=_tag("effects", WORDS))
    versions: tuple[str, ...] | None = field(default=None, metadata=_tag("versions", WORDS))
    business: tuple[str, ...] | None = field(default=None, metadata=_tag("business", WORDS))
    performance: str | None = field(default=None, metadata=_tag("performance"))
    metric: str | None = field(default=None, metadata=_tag("metric"))
    score: float | None = field(default=None, metadata=_tag("score", NUMBER))
    score_low: float | None = field(default=None, metadata=_tag("score_low", NUMBER))
    score_high: float | None = field(default=None, metadata=_tag("score_high", NUMBER))
    score_rows: int | None = field(default=None, metadata=_tag("score_rows", COUNT))
    value: float | None = field(default=None, metadata=_tag("value", NUMBER))
    balance: str | None = field(default=None, metadata=_tag("balance"))
    level: Level | None = field(default=None, metadata=_tag("level", LEVEL))
    estimated: float | None = field(default=None, metadata=_tag("estimated", NUMBER))
    promise: Score | None = field(default=None, metadata=_tag("promise", SCORE))
    gap: Score | None = field(default=None, metadata=_tag("gap", SCORE))
    skill: Score | None = field(default=None, metadata=_tag("skill", SCORE))
    broken: tuple[str, ...] | None = field(default=None, metadata=_tag("promise.broken", WORDS))
    relation: Score | None = field(default=None, metadata=_tag("relation", SCORE))
    segments: Mapping[str, Score] | None = field(default=None, metadata=_tag("segments", SEGMENTS))
    lost_segments: tuple[str, ...] | None = field(
        default=None, metadata=_tag("segments.lost", NAMES)
    )
    prefect_run: str | None = field(default=None, metadata=_tag("prefect_run"))
    process: str | None = field(default=None, metadata=_tag("process"))
    removed: tuple[str, ...] | None = field(default=None, metadata=_tag("removed", WORDS))
    # of a training
    trained: bool | None = field(default=None, metadata=_tag("trained", FLAG))
    won: bool | None = field(default=None, metadata=_tag("won", FLAG))
    by_hand: bool | None = field(default=None, metadata=_tag("by_hand", FLAG))
    promoted: bool | None = field(default=None, metadata=_tag("promoted", FLAG))
    gained: float | None = field(default=None, metadata=_tag("gained", NUMBER))

    @property
    def past_run(self) -> PastRun:
        """The run as later decisions remember it."""
        return PastRun(
            kind="monitor" if self.kind == "monitor" else "retrain",
            as_of=self.as_of,
            since=self.since or self.window_start or self.as_of,
            verdict=self.verdict or "",
            action=self.action or "",
            quality_failed=bool(self.quality_failed),
            performance=self.performance or "",
            champion=self.champion or "",
            won=bool(self.won),
            by_hand=bool(self.by_hand),
            held=self.held or "",
            seen=frozenset(self.seen or ()),
            metric=self.metric or "",
            score=self.score,
            level=self.level,
            low=self.score_low,
            high=self.score_high,
            rows=self.score_rows or 0,
            value=self.value,
            promise=self.promise,
            gap=self.gap,
            skill=self.skill,
            segments=self.segments or {},
            lost_segments=frozenset(self.lost_segments or ()),
            broken=self.broken or (),
            relation=self.relation,
            gained=self.gained,
        )


def counts_as_past(stored: Mapping[str, str]) -> bool:
    """Say whether stored tags are of a run that later decisions remember.

    A retraining that trained nothing, for want of rows, does not count.
    """
    kind = stored.get(RunTags.tag_name("kind"))
    return kind == "monitor" or (
        kind == "retrain" and stored.get(RunTags.tag_name("trained")) == "true"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionTags(_Tags):
    """The tags of a model version: its lineage, its score, and what became of it.

    All are None on a version that driftloop did not register. `proposal`, `probation` and the
    looks are JSON of `tasks.promotion.trial_store`; a look is stored under its window's end. What
    was compared is another model than what serves where that was refitted: `compared_model` is its
    id, `compared_end` the end of its training rows, the score its own. `served` has no model.
    """

    key: str | None = field(default=None, metadata=_tag("key"))
    kind: str | None = field(default=None, metadata=_tag("kind"))
    as_of: datetime | None = field(default=None, metadata=_tag("as_of", TIME))
    config: str | None = field(default=None, metadata=_tag("config"))
    code: str | None = field(default=None, metadata=_tag("code"))
    by: str | None = field(default=None, metadata=_tag("by"))
    repository: str | None = field(default=None, metadata=_tag("data.repository"))
    rev: str | None = field(default=None, metadata=_tag("data.rev"))
    path: str | None = field(default=None, metadata=_tag("data.path"))
    files: int | None = field(default=None, metadata=_tag("data.files", COUNT))
    md5: str | None = field(default=None, metadata=_tag("data.md5"))
    train_start: datetime | None = field(default=None, metadata=_tag("train.start", TIME))
    train_end: datetime | None = field(default=None, metadata=_tag("train.end", TIME))
    excluded: tuple[Window, ...] | None = field(
        default=None, metadata=_tag("train.excluded", WINDOWS)
    )
    rows: int | None = field(default=None, metadata=_tag("train.rows", COUNT))
    holdout_start: datetime | None = field(default=None, metadata=_tag("holdout.start", TIME))
    holdout_end: datetime | None = field(default=None, metadata=_tag("holdout.end", TIME))
    score: Score | None = field(default=None, metadata=_tag("score", SCORE))
    compared_model: str | None = field(default=None, metadata=_tag("compared.model"))
    compared_end: datetime | None = field(default=None, metadata=_tag("compared.end", TIME))
    predicts: str | None = field(default=None, metadata=_tag("predicts"))
    classes: tuple[str, ...] | None = field(default=None, metadata=_tag("classes", NAMES))
    served: bool | None = field(default=None, metadata=_tag("served", FLAG))
    environment: str | None = field(default=None, metadata=_tag("environment"))
    lock_sha256: str | None = field(default=None, metadata=_tag("environment.sha256"))
    warm_start: str | None = field(default=None, metadata=_tag("warm_start"))
    previous_champion: str | None = field(default=None, metadata=_tag("previous_champion"))
    comparison: str | None = field(default=None, metadata=_tag("comparison"))
    promoted_at: datetime | None = field(default=None, metadata=_tag("promoted_at", TIME))
    rolled_back_at: datetime | None = field(default=None, metadata=_tag("rolled_back_at", TIME))
    proposal: str | None = field(default=None, metadata=_tag("proposal"))
    probation: str | None = field(default=None, metadata=_tag("probation"))
    shadow_looks: Mapping[str, str] = field(default_factory=dict, metadata=_tag("shadow.look."))
    probation_looks: Mapping[str, str] = field(
        default_factory=dict, metadata=_tag("probation.look.")
    )

    @property
    def training(self) -> DataSlice | None:
        """The rows it was trained on; the files are those of the recorded commit."""
        start, end, rows = self.train_start, self.train_end, self.rows
        if start is None or end is None or rows is None or self.excluded is None:
            return None
        if self.repository is None or self.rev is None or self.path is None:
            return None
        snapshot = Snapshot(self.repository, self.rev, self.path, ())
        return DataSlice(snapshot, Window(start, end), self.excluded, rows)

    @property
    def holdout(self) -> Window | None:
        """The window it was compared on."""
        if self.holdout_start is None or self.holdout_end is None:
            return None
        return Window(self.holdout_start, self.holdout_end)

    def version(self, model: str, version: str, run_id: str) -> ModelVersion:
        """Return the version that carries these tags."""
        training = self.training
        return ModelVersion(
            model=model,
            version=version,
            run_id=run_id,
            training=training,
            holdout=self.holdout if training else None,
            baseline=self.score if training else None,
            promoted_at=self.promoted_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTags(_Tags):
    """The tags of a registered model: its promotion ledger, one entry per tag, by number.

    `place` is JSON of `tasks.coordination.place`: who keeps its locks and its state of alerts.
    """

    place: str | None = field(default=None, metadata=_tag("place"))
    ledger: Mapping[str, str] = field(default_factory=dict, metadata=_tag("ledger."))
