"""The Prefect server of one's own, as the environment names it, and a plain client of its API."""

import os
from typing import TYPE_CHECKING

from tasks.runtime.server_access import basic_header

if TYPE_CHECKING:
    import httpx

URL, PASSWORD, KEY = "PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "PREFECT_API_KEY"


def own_server() -> str | None:
    """Return the API of the configured Prefect server; a temporary one, which ends, is none."""
    return os.environ.get(URL) or None


def plain_client() -> "httpx.Client | None":
    """Return a client for reading, without Prefect: to import it takes longer than all the rest.

    None where no server is configured, or where more than its address and its credentials is: then
    Prefect's own client knows how to speak to it.
    """
    import httpx

    configured = {
        name for name in os.environ if name.startswith(("PREFECT_API_", "PREFECT_CLIENT_"))
    }
    address = own_server()
    if address is None or configured - {URL, PASSWORD, KEY}:
        return None
    password, key = os.environ.get(PASSWORD), os.environ.get(KEY)
    headers = {}
    if password:
        headers["Authorization"] = basic_header(password)
    elif key:
        headers["Authorization"] = f"Bearer {key}"
    hooks = {"response": [lambda response: response.raise_for_status()]}
    encrypted = address.startswith("https")  # to read all certificates takes a moment
    return httpx.Client(
        base_url=address, headers=headers, event_hooks=hooks, timeout=30, verify=encrypted
    )
