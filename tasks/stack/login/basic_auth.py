"""The password of a stack, as HTTP's basic authentication hands it over."""

import base64
import hmac

from tasks.stack.login.access import auth_string

CHALLENGE = 'Basic realm="driftloop", charset="UTF-8"'


def allowed(header: str | None, password: str) -> bool:
    """Say whether an ``Authorization`` header holds the user and the password.

    They are compared in constant time. Without a password nobody is let in.
    """
    scheme, _, given = (header or "").partition(" ")
    if not password or scheme.lower() != "basic":
        return False
    wanted = base64.b64encode(auth_string(password).encode())
    return hmac.compare_digest(given.strip().encode(), wanted)
