"""What every error of a sender must keep to."""

from driftloop.base.errors import DeliveryError


def assert_one_safe_line(error: DeliveryError, *secrets: str) -> None:
    """Check that an error is one line, ends the chain, and holds no secret."""
    assert "\n" not in str(error)
    assert error.__suppress_context__ or error.__context__ is None
    for secret in secrets:
        assert secret not in str(error)
