"""How this project's tasks run through Prefect."""

import pytest
from prefect import State, flow, tags
from prefect.context import TagsContext
from prefect.runtime import task_run
from prefect.states import Completed

from driftloop.base.errors import ConfigError, UnavailableError
from tasks.runtime import step as steps
from tasks.runtime.step import inline, step, without_tasks


@step("look at tags")
def look_at_tags(word: str) -> tuple[str, list[str], set[str]]:
    """Return what the task is told of tags."""
    return word, list(task_run.tags or []), TagsContext.get().current_tags


@flow
def tagged() -> tuple[str, list[str], set[str]]:
    """Run the task within tags, as driftloop's flows do."""
    with tags("payments"):
        found = look_at_tags("seen")
        assert TagsContext.get().current_tags == {"payments"}, "what follows has the tags again"
        return found


@pytest.mark.usefixtures("prefect_server")
def test_tags_of_a_run_are_not_those_of_its_tasks() -> None:
    """For a tag Prefect asks its server for a limit before every task."""
    assert tagged() == ("seen", [], set())


def test_inline_a_step_is_the_function() -> None:
    with inline():
        assert look_at_tags("seen") == ("seen", [], set())


ERRORS: list[Exception] = []


@step("answer at last", retries=2)
def answer_at_last(answer: str | None = "answered") -> str | None:
    """Raise what is in `ERRORS`, an error at each call, and then answer."""
    if ERRORS:
        raise ERRORS.pop(0)
    return answer


@flow
def below() -> bool:
    """Say whether a step of a subflow has a task run."""
    return look_at_tags("seen", return_state=True).state_details.task_run_id is not None


@flow
def outer() -> str | None:
    """Run a step of this flow, and one of a subflow."""
    assert below()
    return answer_at_last()


@flow
def careful(answer: str | None) -> State[State[str | None]]:
    """Run a step and return its state, which may have failed."""
    state = answer_at_last(answer, return_state=True)
    assert state.state_details.task_run_id is None
    return Completed(data=state)


@pytest.mark.usefixtures("prefect_server")
def test_without_tasks_a_step_is_still_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "RETRY_SECONDS", [0.0, 0.0, 0.0])
    with without_tasks("outer"):
        ERRORS[:] = [UnavailableError("away")] * 2
        assert outer() == "answered"
        ERRORS[:] = [UnavailableError("away")] * 3
        with pytest.raises(UnavailableError, match="away"):
            outer()
        ERRORS[:] = [ConfigError("drift: wrong")]
        with pytest.raises(ConfigError):
            outer()
    assert ERRORS == [], "as often as it says, and bad input once"


@pytest.mark.usefixtures("prefect_server")
def test_without_tasks_a_step_has_a_state_and_no_run() -> None:
    with without_tasks("careful"):
        ERRORS[:] = [ConfigError("drift: wrong")]
        failed = careful("answered")
        assert failed.is_failed()
        assert "drift: wrong" in (failed.message or "")
        assert careful("answered").result() == "answered"
        assert careful(None).result() is None
