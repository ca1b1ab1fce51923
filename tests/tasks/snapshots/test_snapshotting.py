"""Snapshots with real Git and DVC: what becomes of what arrives, and of what is in the way."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from snapshot_ground import CONFIG, ROOT, ROWS, build, clone, drop, moved, rows_of, take, week_rows
from workshop import dvc, git, write_config

from driftloop.base.errors import (
    ConfigError,
    DataError,
    DriftloopError,
    SnapshotError,
    UnavailableError,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("snapshots") / "place")


@pytest.fixture
def work(template: Path, tmp_path: Path, no_server: None) -> Path:
    return moved(template, tmp_path / "place")


def clean(work: Path) -> bool:
    """Nothing is left: no change, no journal, no staged batch."""
    left = [path for path in (work / ".git" / "driftloop").iterdir() if path.is_dir()]
    journal = work / ".git" / "driftloop" / "snapshot.json"
    return not git(work, "status", "--porcelain") and not left and not journal.exists()


def test_new_rows_become_a_commit_with_a_tag_and_their_data(work: Path) -> None:
    drop(work, "2026-03-16.csv", week_rows(2, labelled=False))
    before = git(work, "rev-parse", "HEAD")
    found = take(work)
    assert (found.tag, found.added, found.changed) == ("data/payments/2026-03-20", 40, 0)
    assert (found.batches, found.taken) == (("2026-03-16.parquet",), ("2026-03-16.csv",))
    assert found.pushed
    assert git(work, "rev-parse", "HEAD^") == before
    assert git(work, "show", "--name-only", "--format=") == "data.dvc"
    assert git(work, "cat-file", "-t", found.tag) == "tag"
    remote = work.parent / "remote.git"
    for ref in ("main", f"{found.tag}^{{commit}}"):
        assert git(remote, "rev-parse", ref) == found.rev
    other = clone(work)
    dvc(other, "pull")
    assert len(rows_of(other, found.tag)) == 120
    assert clean(work)


def test_the_same_arrival_again_does_nothing_under_any_name(work: Path) -> None:
    path = drop(work, "new.csv", week_rows(2))
    first = take(work)
    shutil.copy(path, path.with_name("again.csv"))
    again = take(work)
    assert not again.made
    assert (again.rev, again.tag) == (first.rev, first.tag)
    assert again.skipped == tuple(
        f"{name}: already in snapshot {first.tag}" for name in ("again.csv", "new.csv")
    )
    path.write_text(path.read_text().replace("\n", "\r\n"))
    assert "brings nothing that is not there already" in str(take(work).skipped)
    assert git(work, "rev-parse", "HEAD") == first.rev


def test_labels_that_come_later_get_in(work: Path) -> None:
    """As whole rows, as a key and its label alone, and never taken away again."""
    unlabelled = week_rows(2, labelled=False)
    drop(work, "1.csv", unlabelled)
    take(work)
    assert rows_of(work).bad.isna().sum() == 40
    whole = week_rows(2)
    drop(work, "2.csv", whole.iloc[:10])
    found = take(work)
    assert (found.added, found.changed, found.labelled) == (0, 10, 10)
    drop(work, "3.csv", whole.iloc[10:][["id", "bad"]])
    found = take(work)
    assert (found.changed, found.labelled) == (30, 30)
    drop(work, "4.csv", unlabelled.assign(a=unlabelled.a + 1))
    found = take(work)
    assert (found.changed, found.labelled) == (40, 0)
    rows = rows_of(work)
    third = rows[rows.id.str.startswith("w02")].reset_index(drop=True)
    assert third.bad.astype(int).tolist() == whole.bad.tolist()
    assert third.a.round(3).tolist() == (whole.a + 1).round(3).tolist()


def test_a_corrected_label_replaces_the_one_before(work: Path) -> None:
    rows = week_rows(0)
    drop(work, "fix.csv", rows.assign(bad=1 - rows.bad)[["id", "bad"]])
    found = take(work)
    assert (found.changed, found.labelled, found.batches) == (40, 0, ("2026-03-02.parquet",))
    assert found.corrected == 40
    assert "40 labels corrected" in found.sentence
    assert rows_of(work).bad.tolist()[:40] == (1 - rows.bad).tolist()


def test_files_that_came_together_are_one_snapshot_the_last_one_wins(work: Path) -> None:
    drop(work, "a.csv", week_rows(2, labelled=False))
    drop(work, "b.csv", week_rows(2)[["id", "bad"]])
    found = take(work)
    assert (found.added, found.labelled, found.taken) == (40, 40, ("a.csv", "b.csv"))
    assert git(work, "rev-list", "--count", "HEAD") == "2"


def test_types_stay_those_of_the_batches(work: Path) -> None:
    """The code 007 stays text, a whole number with a gap stays one, and so do times and labels."""
    schemas = [pq.read_schema(path) for path in sorted((work / "data/payments").glob("*"))]
    table = week_rows(2, labelled=False)
    table.loc[0, "n"] = None
    table["at"] = table["at"].dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
    drop(work, "new.csv", table)
    take(work)
    new = pq.read_schema(work / "data/payments/2026-03-16.parquet")
    assert {name: str(new.field(name).type) for name in ("id", "n", "c")} == {
        name: str(schemas[0].field(name).type) for name in ("id", "n", "c")
    }
    rows = rows_of(work)
    assert set(rows.c) == {"007", "042"}
    assert rows["at"].tolist()[80:] == week_rows(2)["at"].tolist()


def test_columns_that_nobody_names_are_dropped_or_kept(work: Path) -> None:
    drop(work, "new.csv", week_rows(2).assign(note="x"))
    found = take(work)
    assert found.dropped == ("note",)
    keep = {**CONFIG, "arrivals": {**CONFIG["arrivals"], "extra_columns": "keep"}}
    write_config(work, keep)
    git(work, "commit", "-qam", "keep")
    git(work, "push", "-q")
    drop(work, "more.csv", week_rows(3).assign(note="x"))
    take(work, day="2026-03-30")
    assert "note" in pq.read_schema(work / "data/payments/2026-03-23.parquet").names


def test_files_are_read_once_more_on_request(work: Path) -> None:
    """As after the configuration has learned of a column that was left out."""
    drop(work, "new.csv", week_rows(2).assign(note=1.5))
    take(work)
    config = {**CONFIG, "features": {"numeric": ["a", "n", "note"], "categorical": ["c"]}}
    write_config(work, config)
    assert not take(work).made
    found = take(work, again=True)
    assert (found.added, found.changed) == (0, 40)
    assert "note" in pq.read_schema(work / "data/payments/2026-03-16.parquet").names


def test_ndjson_and_parquet_are_read_too(work: Path) -> None:
    folder = work.parent / "more"
    folder.mkdir()
    week_rows(2).to_parquet(folder / "a.parquet", index=False)
    week_rows(3).to_json(folder / "b.ndjson", orient="records", lines=True, date_format="iso")
    found = take(work, source=folder, day="2026-04-01")
    assert (found.added, len(found.batches)) == (80, 2)


def with_task(work: Path, task: str) -> None:
    data = {**CONFIG["data"], "positive": 1 if task == "binary" else None}
    write_config(work, {**CONFIG, "task": task, "data": data, "comparison": {"metric": "accuracy"}})


@pytest.mark.parametrize(
    ("task", "labels", "new"),
    [("binary", [2, 3], "2, 3"), ("binary", [0, 2], "2"), ("multiclass", [7, 8, 9], "7, 8, 9")],
)
def test_classes_never_seen_are_refused(work: Path, task: str, labels: Any, new: str) -> None:
    with_task(work, task)
    drop(work, "new.csv", week_rows(2).assign(bad=np.resize(labels, ROWS)))
    with pytest.raises(DataError) as raised:
        take(work)
    said = f"column 'bad' holds classes never seen before ({new}), and the batches hold 0, 1"
    assert said in str(raised.value)
    assert not (work / "data/payments/2026-03-16.parquet").exists()


def test_of_many_classes_a_new_one_may_come_up(work: Path) -> None:
    with_task(work, "multiclass")
    drop(work, "new.csv", week_rows(2).assign(bad=np.resize([0, 1, 2], ROWS)))
    assert take(work).added == ROWS


def test_a_word_for_missing_is_a_value_where_the_batches_hold_it(work: Path) -> None:
    quoted = week_rows(2).assign(c=np.resize(["NA", "007"], ROWS)).to_csv(index=False)
    (work.parent / "drops" / "1.csv").write_text(quoted.replace(",NA,", ',"NA",'))
    take(work)
    bare = week_rows(3).assign(c=np.resize(["NA", "n/a", "007", None], ROWS))
    drop(work, "2.csv", bare)
    take(work)
    held = pd.read_parquet(work / "data/payments/2026-03-23.parquet").set_index("id")["c"]
    held = held.loc[bare["id"]].fillna("missing")
    assert held.tolist()[:4] == ["NA", "missing", "007", "missing"]  # n/a is a value nowhere


def test_odd_cells_among_numbers_are_missing(work: Path) -> None:
    rows = week_rows(2)
    rows["a"] = rows["a"].astype(str).where(np.arange(ROWS) != 3, "-")
    rows["n"] = rows["n"].map("${:,.2f}".format)
    drop(work, "new.csv", rows)
    assert take(work).notes == (
        "new.csv, a: 1 cell is not a number and counts as missing, such as '-'.",
    )
    held = pd.read_parquet(work / "data/payments/2026-03-16.parquet")
    same = week_rows(2).set_index("id").loc[held["id"]]
    assert held["a"].isna().sum() == 1
    assert (held["a"].dropna().to_numpy() == same["a"][held["a"].notna().to_numpy()]).all()
    assert held["n"].tolist() == same["n"].tolist()


def test_without_a_key_the_time_tells_rows_apart(work: Path) -> None:
    config = {**CONFIG, "data": {key: v for key, v in CONFIG["data"].items() if key != "key"}}
    write_config(work, config)
    drop(work, "new.csv", week_rows(1).assign(bad=1))
    found = take(work)
    assert (found.added, found.changed) == (0, int((week_rows(1).bad == 0).sum()))


def test_the_first_snapshot_of_all(tmp_path: Path, template: Path) -> None:
    """A model without any data yet, whose folder DVC does not track."""
    work = moved(template, tmp_path / "place")
    config = {**CONFIG, "data": {**CONFIG["data"], "path": "fresh"}}
    write_config(work, config)
    git(work, "commit", "-qam", "fresh")
    git(work, "push", "-q")
    drop(work, "new.csv", week_rows(2))
    found = take(work)
    assert git(work, "show", "--name-only", "--format=").splitlines() == [".gitignore", "fresh.dvc"]
    assert found.added == 40
    assert set(pd.read_parquet(work / "fresh" / "2026-03-16.parquet").c) == {"007", "042"}
    assert clean(work)


def test_a_dry_run_changes_nothing(work: Path) -> None:
    drop(work, "new.csv", week_rows(2))
    before = git(work, "rev-parse", "HEAD")
    found = take(work, dry_run=True)
    assert (found.made, found.added, found.dry_run) == (False, 40, True)
    assert "would hold" in found.sentence
    assert git(work, "rev-parse", "HEAD") == before
    assert not git(work, "status", "--porcelain")
    assert not (work / "data/payments/2026-03-16.parquet").exists()


def test_what_a_person_has_staged_stays_staged(work: Path) -> None:
    (work / "notes.md").write_text("mine")
    git(work, "add", "notes.md")
    drop(work, "new.csv", week_rows(2))
    take(work)
    assert git(work, "status", "--porcelain") == "A  notes.md"
    assert git(work, "show", "--name-only", "--format=") == "data.dvc"


def test_a_second_snapshot_of_a_day_has_a_number(work: Path) -> None:
    drop(work, "new.csv", week_rows(2))
    take(work)
    drop(work, "more.csv", week_rows(2)[["id", "bad"]].assign(bad=1))
    assert take(work).tag == "data/payments/2026-03-20.2"


def test_a_working_copy_that_is_behind_catches_up(work: Path) -> None:
    other = clone(work)
    drop(work, "a.csv", week_rows(2))
    take(work)
    late = work.parent / "late.csv"
    week_rows(2)[["id", "bad"]].assign(bad=1).to_csv(late, index=False)
    found = take(other, source=late)
    assert found.made
    assert git(work.parent / "remote.git", "rev-parse", "main") == found.rev
    assert len(rows_of(other)) == 120


def test_another_machine_that_is_quicker_loses_nothing(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It pushes after this one looked at the remote, and before it pushes."""
    from tasks.snapshots import take as snapshotting

    other = clone(work)
    (work.parent / "theirs").mkdir()
    week_rows(3).to_csv(work.parent / "theirs" / "b.csv", index=False)
    real = snapshotting.commit_pin

    def slow(*arguments: object) -> str:
        monkeypatch.setattr(snapshotting, "commit_pin", real)
        theirs = take(other, source=work.parent / "theirs", day="2026-04-01")
        assert theirs.tag == "data/payments/2026-04-01"
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(snapshotting, "commit_pin", slow)
    drop(work, "a.csv", week_rows(2))
    found = take(work, day="2026-04-01")
    assert found.tag == "data/payments/2026-04-01.2"
    assert git(work.parent / "remote.git", "rev-parse", "main") == found.rev
    assert len(rows_of(work)) == 160
    assert git(work, "rev-list", "--count", "HEAD") == "3"
    assert clean(work)


def test_a_run_that_is_killed_while_it_takes_back_its_commit(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from driftloop.base.errors import ConflictError
    from tasks.snapshots import take as snapshotting

    def quicker(*_: object) -> None:
        raise ConflictError("origin/main has moved on")

    def killed(*arguments: object) -> None:
        real(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    real = snapshotting.undo_commit
    drop(work, "new.csv", week_rows(2))
    with monkeypatch.context() as patch:
        patch.setattr(snapshotting, "push_commits", quicker)
        patch.setattr(snapshotting, "undo_commit", killed)
        with pytest.raises(KeyboardInterrupt):
            take(work)
    assert git(work, "tag") == "data/payments/2026-03-20"
    found = take(work)
    assert (found.made, git(work, "tag")) == (True, found.tag)
    assert git(work, "rev-list", "--count", "HEAD") == "2"
    assert clean(work)


def at_once(*pairs: tuple[Path, Path]) -> list[int]:
    """Let several processes make a snapshot each, of a file in a working copy."""
    script = (
        "import sys; from pathlib import Path; from snapshot_ground import take\n"
        "take(Path(sys.argv[1]), source=Path(sys.argv[2]))"
    )
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
    environment = {**os.environ, "PYTHONPATH": path}
    running = [
        subprocess.Popen([sys.executable, "-c", script, *map(str, pair)], env=environment)
        for pair in pairs
    ]
    return [process.wait(200) for process in running]


def test_writers_at_once_lose_nothing(work: Path) -> None:
    """Two in one working copy, and a third in another: one after the other, or on top."""
    other = clone(work)
    files = [drop(work, f"{week}.csv", week_rows(week, 20)) for week in (2, 3, 4)]
    assert at_once(*zip((work, work, other), files, strict=True)) == [0, 0, 0]
    remote = work.parent / "remote.git"
    assert git(remote, "rev-list", "--count", "main") == "4"
    assert len(git(remote, "tag").splitlines()) == 3
    git(work, "pull", "-q", "--ff-only", "origin", "main")
    assert len(rows_of(work)) == 80 + 3 * 20


def test_two_writers_of_one_arrival_make_one_snapshot(work: Path) -> None:
    path = drop(work, "new.csv", week_rows(2))
    assert at_once((work, path), (work, path)) == [0, 0]
    assert git(work, "rev-list", "--count", "HEAD") == "2"
    assert git(work, "tag") == "data/payments/2026-03-20"
    assert clean(work)


def test_who_waits_in_vain_is_told_who_holds_it(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from snapshot_ground import job_of

    from tasks.snapshots import lock as snapshot_lock
    from tasks.snapshots.working_copy import working_copy

    monkeypatch.setattr(snapshot_lock, "LOCK_SECONDS", 0)
    job = job_of(work)
    told = pytest.raises(UnavailableError, match=rf"payments, process {os.getpid()} on ")
    with snapshot_lock.one_writer(job, working_copy(job)), told:
        take(work)


def test_an_infinite_quantity_is_no_label(work: Path) -> None:
    data = {key: value for key, value in CONFIG["data"].items() if key != "positive"}
    write_config(work, {**CONFIG, "task": "regression", "data": {**data, "path": "fresh"}})
    git(work, "commit", "-qam", "regression")
    git(work, "push", "-q")
    drop(work, "new.csv", week_rows(2).assign(bad=[*[0.5] * 39, float("inf")]))
    with pytest.raises(DataError, match="line 41: the label is infinite"):
        take(work)


BAD: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "no time": (lambda t: t.drop(columns="at"), "no column 'at'"),
    "no feature": (lambda t: t.drop(columns="a"), "no column 'a'"),
    "no key": (lambda t: t.drop(columns="id"), "no column 'id'"),
    "a date that is none": (
        lambda t: t.assign(at="soon"),
        "column 'at', line 2: 'soon' is not a valid date",
    ),
    "a missing time": (lambda t: t.assign(at=[None, *t["at"][1:]]), "line 2: the time is missing"),
    "the future": (lambda t: t.assign(at="2100-01-01"), "is in the future"),
    "a repeated key": (lambda t: pd.concat([t, t[:1]]), "column 'id', line 42: 'w02-000'"),
    "a missing key": (lambda t: t.assign(id=[None, *t["id"][1:]]), "line 2: the value is missing"),
    "text for a number": (
        lambda t: t.assign(a=[*t.a[:-1].astype(str), "much"]),
        "column 'a', line 41: 'much' is not a number written like 39 of 40",
    ),
    "parts of a whole number": (
        lambda t: t.assign(n=[*t.n[:-1].astype(float), 2.5]),
        "column 'n', line 41: received '2.5'",
    ),
    "three classes": (lambda t: t.assign(bad=[0, 1, 2, *[0] * 37]), "holds 3 classes (0, 1, 2)"),
    "a label for nobody": (
        lambda t: t[["id", "bad"]],
        "labels of 40 rows that no batch holds, the first with id 'w02-000'",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_invalid_data_are_refused_whole(work: Path, name: str) -> None:
    make, said = BAD[name]
    drop(work, "1-good.csv", week_rows(3))
    path = drop(work, "2-bad.csv", make(week_rows(2)))
    before = git(work, "rev-parse", "HEAD")
    with pytest.raises(DataError) as raised:
        take(work, day="2026-04-01")
    assert str(path) in str(raised.value)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert git(work, "rev-parse", "HEAD") == before
    assert not git(work, "status", "--porcelain")
    assert sorted(one.name for one in (work / "data/payments").iterdir()) == [
        "2026-03-02.parquet",
        "2026-03-09.parquet",
    ]


def _empty(work: Path) -> None:
    drop(work, "new.csv", week_rows(2)[:0])


def _nothing(work: Path) -> None:
    """No file at all."""


@pytest.mark.parametrize(
    ("arrive", "said"), [(_empty, "holds no rows"), (_nothing, "nothing new.")]
)
def test_nothing_to_do(work: Path, arrive: Callable[[Path], None], said: str) -> None:
    arrive(work)
    found = take(work)
    assert not found.made
    assert said in found.sentence + str(found.skipped)


def _detached(work: Path) -> None:
    git(work, "checkout", "-q", "--detach")


def _pin_changed(work: Path) -> None:
    with (work / "data.dvc").open("a") as pin:
        pin.write("desc: mine\n")


def _data_changed(work: Path) -> None:
    week_rows(3).to_parquet(work / "data/payments/mine.parquet")


def _unpushed(work: Path) -> None:
    (work / "notes.md").write_text("mine")
    git(work, "add", "notes.md")
    git(work, "commit", "-qm", "mine")


def _diverged(work: Path) -> None:
    other = clone(work)
    _unpushed(other)
    git(other, "push", "-q")
    _unpushed(work)
    git(work, "commit", "-q", "--amend", "-m", "other")


def _no_remote(work: Path) -> None:
    shutil.rmtree(work.parent / "remote.git")


def _no_store(work: Path) -> None:
    dvc(work, "remote", "remove", "store")
    git(work, "commit", "-qam", "no store")
    git(work, "push", "-q")


def _no_source(work: Path) -> None:
    write_config(work, {**CONFIG, "arrivals": {}})


def _no_folder(work: Path) -> None:
    shutil.rmtree(work.parent / "drops")


def _url(work: Path) -> None:
    write_config(work, {**CONFIG, "data": {**CONFIG["data"], "repository": "https://h/r.git"}})


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (_detached, SnapshotError, "is on no branch"),
        (_pin_changed, SnapshotError, "differs from the commit"),
        (_data_changed, SnapshotError, "holds changes that are not committed"),
        (_unpushed, SnapshotError, "that no snapshot made are not in origin/main"),
        (_diverged, SnapshotError, "have diverged"),
        (_no_remote, UnavailableError, "does not answer"),
        (_no_store, SnapshotError, "DVC has no remote (default)"),
        (_no_source, ConfigError, "arrivals.source of payments is not set"),
        (_no_folder, DataError, "no such folder"),
        (_url, ConfigError, "a snapshot needs a working copy"),
    ],
)
def test_what_is_in_the_way_is_told_and_left_alone(
    work: Path, spoil: Callable[[Path], None], error: type[DriftloopError], said: str
) -> None:
    drop(work, "new.csv", week_rows(2))
    spoil(work)
    before = git(work, "rev-parse", "HEAD"), git(work, "status", "--porcelain")
    with pytest.raises(error, match=r".") as raised:
        take(work)
    assert said in str(raised.value)
    assert (git(work, "rev-parse", "HEAD"), git(work, "status", "--porcelain")) == before


@pytest.mark.parametrize("place", ["../drops/1.csv", "data/payments/2026-03-02.parquet"])
def test_a_pipe_keeps_nobody_waiting(place: str, work: Path) -> None:
    path = work / place
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    source = path if path.suffix == ".csv" else None
    for given in {None, source}:
        with pytest.raises(DataError, match=rf"{path.name}: is a pipe, a socket or a device"):
            take(work, given)


def test_a_password_in_the_address_of_a_remote_is_not_told(work: Path) -> None:
    git(work, "remote", "set-url", "origin", "https://anna:geheim@127.0.0.1:1/churn.git")
    with pytest.raises(UnavailableError, match="does not answer") as raised:
        take(work)
    assert "geheim" not in str(raised.value)


def test_a_remote_that_is_back_gets_what_it_missed(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.snapshots import take as snapshotting

    def away(*_: object) -> None:
        raise UnavailableError("origin does not answer")

    drop(work, "new.csv", week_rows(2))
    with monkeypatch.context() as patch:
        patch.setattr(snapshotting, "push_commits", away)
        with pytest.raises(UnavailableError):
            take(work)
    found = take(work)
    assert not found.made
    remote = work.parent / "remote.git"
    assert git(remote, "rev-parse", "main") == git(work, "rev-parse", "HEAD") == found.rev
    assert git(remote, "tag") == found.tag == "data/payments/2026-03-20"


def test_without_remotes_a_snapshot_stays_here(work: Path) -> None:
    write_config(work, {**CONFIG, "arrivals": {**CONFIG["arrivals"], "push": False}})
    drop(work, "new.csv", week_rows(2))
    found = take(work)
    assert (found.made, found.pushed) == (True, False)
    assert git(work.parent / "remote.git", "rev-parse", "main") == git(work, "rev-parse", "HEAD^")
    assert yaml.safe_load((work / "data.dvc").read_text())["outs"][0]["nfiles"] == 3
