"""Models are pinned by the lock; what is installed otherwise is refused."""

from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import pytest

from driftloop.base.errors import TrainingError
from driftloop.training.estimators import Custom, HistGradientBoosting
from tasks.registry.environment_lock import SERVING_PACKAGES, environment_of, find_lock, read_pins

ROOT = Path(__file__).parents[3]
PLAIN = HistGradientBoosting()


def write(folder: Path, **changes: str) -> Path:
    pins = {name: version(name) for name in SERVING_PACKAGES} | {
        name.replace("_", "-"): pin for name, pin in changes.items()
    }
    path = folder / "requirements.lock"
    text = "\n".join(f"{name}=={pin} \\\n    --hash=sha256:0" for name, pin in pins.items() if pin)
    path.write_text(f"# locked\n{text}\n")
    return path


def test_the_workspaces_lock_pins_the_model(tmp_path: Path) -> None:
    lock = write(tmp_path, optuna="9.9.9")
    found = environment_of(PLAIN, tmp_path)
    assert found.lock == lock
    assert found.requirements == tuple(f"{name}=={version(name)}" for name in SERVING_PACKAGES)
    assert found.origin == "lock"
    assert found.lock_sha256 == sha256(lock.read_bytes()).hexdigest()


def test_the_checkouts_lock_is_taken_where_the_workspace_has_none(tmp_path: Path) -> None:
    assert find_lock(tmp_path) == ROOT / "requirements.lock"
    assert environment_of(PLAIN, tmp_path).lock == ROOT / "requirements.lock"


def test_without_a_lock_the_installed_versions_are_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("driftloop.__file__", str(tmp_path / "site-packages" / "x" / "y.py"))
    found = environment_of(PLAIN, tmp_path)
    assert found.lock is None
    assert found.requirements[0] == f"scikit-learn=={version('scikit-learn')}"
    assert (found.origin, found.lock_sha256) == ("installed", None)


def test_other_versions_than_locked_are_refused(tmp_path: Path) -> None:
    write(tmp_path, scipy="0.0.1", numpy="0.0.2")
    with pytest.raises(TrainingError) as error:
        environment_of(PLAIN, tmp_path)
    said = str(error.value)
    assert f"numpy {version('numpy')} (locked: 0.0.2), scipy {version('scipy')} (locked: 0" in said
    assert "install the locked versions, or give the workspace a lock of what is installed" in said


def test_a_package_that_is_not_locked_is_refused(tmp_path: Path) -> None:
    write(tmp_path, skops="")
    with pytest.raises(TrainingError, match=r"does not pin skops, which the model needs"):
        environment_of(PLAIN, tmp_path)


def test_a_custom_estimators_package_is_pinned_too(tmp_path: Path) -> None:
    optuna = Custom(path="optuna.Model")
    write(tmp_path)
    with pytest.raises(TrainingError, match="does not pin optuna"):
        environment_of(optuna, tmp_path)
    write(tmp_path, optuna=version("optuna"))
    assert environment_of(optuna, tmp_path).requirements[-1] == f"optuna=={version('optuna')}"
    own = Custom(path="sklearn.ensemble.ExtraTreesClassifier")
    assert len(environment_of(own, tmp_path).requirements) == len(SERVING_PACKAGES)
    assert len(environment_of(Custom(path="mypkg.Model"), tmp_path).requirements) == len(
        SERVING_PACKAGES
    )


def test_pins_are_read_as_pip_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "requirements.lock"
    path.write_text(
        "# a comment\n-r other.txt\nScikit_Learn==1.9.1 \\\n    --hash=sha256:aa==bb\n"
        'old==1.0 ; python_version < "3" \\\n    --hash=sha256:cc\n'
        'both==1.0 ; python_version < "3"\nboth==2.0 ; python_version >= "3"\n'
        "extra[fast]==3.0\nloose>=1\n"
    )
    assert read_pins(path) == {"scikit-learn": "1.9.1", "both": "2.0", "extra": "3.0"}


def test_the_projects_lock_agrees_with_itself() -> None:
    pins = read_pins(ROOT / "requirements.lock")
    assert {"scikit-learn", "skops", "optuna", "prefect"} <= set(pins)
