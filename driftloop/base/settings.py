"""The base of everything people write, and of the families whose members a `kind` tells apart."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Settings(BaseModel):
    """A frozen settings model; unknown keys are errors and lists become tuples."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def secret_variable(default: str, holds: str) -> Any:
    """Return the field of a setting that names the environment variable of a secret."""
    return Field(default=default, description=f"Environment variable that holds {holds}.")


def secret_block(default: str, unset: str = "variable") -> Any:
    """Return the field of a setting that names the block of a secret whose variable is unset."""
    text = f"Prefect Secret block read where the {unset} is unset."
    return Field(default=default, description=text)


def family_members(base: Any, package: str | None = None) -> tuple[type[Any], ...]:
    """Return the members of a family, by module: the subclasses of `base` with a `kind` of theirs.

    Args:
        base: the (abstract) class that all members extend.
        package: a package whose modules are imported first, so that a module in it is enough to
            add a member.
    """
    if package is not None:
        for module in iter_modules(import_module(package).__path__):
            import_module(f"{package}.{module.name}")
    members = dict.fromkeys(
        cls
        for cls in _subclasses(base)
        if "kind" in cls.model_fields and not cls.model_fields["kind"].is_required()
    )
    return tuple(sorted(members, key=lambda member: member.__module__))


def kinds_of(base: Any) -> list[str]:
    """Return the `kind` of every member of a family that is imported, sorted."""
    return sorted({member.model_fields["kind"].default for member in family_members(base)})


def any_of(base: Any, package: str | None = None) -> Any:
    """Return the type of a setting that takes any member of a family, told apart by its `kind`.

    A kind alone, ``mode: approval``, stands for that member with what it has by default.
    Type checkers take the base class for it: they cannot know the members.
    """
    members = family_members(base, package)
    if len(members) == 1:
        return members[0]
    kinds = tuple(kinds_of(base))
    wordy = BeforeValidator(_by_kind, json_schema_input_type=Union[(*members, Literal[kinds])])
    return Annotated[Union[members], Field(discriminator="kind"), wordy]  # noqa: UP007


def _by_kind(given: Any) -> Any:
    return {"kind": given} if isinstance(given, str) else given


def _subclasses(base: Any) -> Iterator[type[Any]]:
    for cls in base.__subclasses__():
        yield cls
        yield from _subclasses(cls)
