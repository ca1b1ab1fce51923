"""How this project's tasks run through Prefect."""

import pytest
from prefect import flow, tags
from prefect.context import TagsContext
from prefect.runtime import task_run

from tasks.runtime.step import inline, step


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
