"""A loopback SMTP server with logins, STARTTLS under a certificate authority of its own, faults."""

import asyncio
import ssl
import threading
import warnings
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

Fault = Literal["busy", "error", "reset", "slow", "reset_after_accepting", "busy_after_accepting"]
BUSY, ERROR = "451 4.3.0 try again later", "554 5.6.0 mail refused"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail the server took, and the addresses it took it for."""

    to: tuple[str, ...]
    content: EmailMessage
    encrypted: bool
    user: str | None


@dataclass
class MailPeer:
    """An SMTP server on 127.0.0.1, alive inside a `with` block.

    `refused` holds addresses and the status they are refused with. With `tls` it offers STARTTLS,
    with `immediate` it speaks TLS from the first byte; `ca_file` is what a client must trust.
    """

    folder: Path
    user: str | None = None
    password: str = "peer-mail-secret"
    tls: bool = False
    immediate: bool = False
    refused: dict[str, str] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    attempts: int = 0
    _faults: list[tuple[Fault, float]] = field(default_factory=list)

    def __enter__(self) -> Self:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(self._context)
        self._port = 0
        self.reopen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def ca_file(self) -> Path:
        """What SSL_CERT_FILE must be."""
        return self.folder / "peer-ca.pem"

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def keys(self) -> list[str]:
        """The keys of the mails, in order."""
        return [str(mail.content["X-Driftloop-Key"]) for mail in self.mails]

    def misbehave(self, fault: Fault, times: int = 1, seconds: float = 0) -> None:
        """Let the next mails meet a fault when their content comes."""
        self._faults += [(fault, seconds)] * times

    def recover(self) -> None:
        """Forget the faults that have not been met yet."""
        self._faults.clear()

    def reopen(self) -> None:
        """Answer, on the same port as before."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        context = self._context if self.immediate else None
        server = self._loop.create_server(self._protocol, "127.0.0.1", self._port, ssl=context)
        self._server = asyncio.run_coroutine_threadsafe(server, self._loop).result(5)
        self._port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Refuse connections."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        sessions = asyncio.all_tasks() - {asyncio.current_task()}
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    def _protocol(self) -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # logins without TLS are meant
            return self._smtp()

    def _smtp(self) -> SMTP:
        return SMTP(
            self,
            hostname="peer.test",
            loop=self._loop,
            tls_context=self._context if self.tls else None,
            authenticator=self.authenticate,
            auth_required=self.user is not None,
            auth_require_tls=self.tls,
            enable_SMTPUTF8=True,
        )

    # What follows is called by the server library.

    def authenticate(self, *given: Any) -> AuthResult:
        """Say whether a login is good."""
        login = given[-1]
        good = isinstance(login, LoginPassword) and (
            (login.login, login.password) == ((self.user or "").encode(), self.password.encode())
        )
        return AuthResult(success=good, handled=good, auth_data=self.user)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take or refuse an address."""
        if address in self.refused:
            return f"{self.refused[address]} no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, session: Any, envelope: Any
    ) -> str:
        """Take a mail, or meet a fault."""
        self.attempts += 1
        fault, seconds = self._faults.pop(0) if self._faults else (None, 0)
        if fault == "reset":
            server.transport.abort()
        if fault in ("busy", "error"):
            return BUSY if fault == "busy" else ERROR
        if fault == "slow":
            await asyncio.sleep(seconds)
        if fault != "reset":
            content = message_from_bytes(envelope.content, policy=default)
            assert isinstance(content, EmailMessage)
            encrypted, user = session.ssl is not None or self.immediate, session.auth_data
            self.mails.append(Mail(tuple(envelope.rcpt_tos), content, encrypted, user))
        if fault == "reset_after_accepting":
            server.transport.abort()
        return BUSY if fault == "busy_after_accepting" else "250 OK"
