"""E-mail by SMTP: one mail per event, grouped by incident in mail programs.

RFC 5322 says how Message-ID, In-Reply-To and References make a thread, RFC 5321 that answers from
400 on are temporary and from 500 on final, RFC 3834 how an automatic mail is marked.
"""

import hashlib
import re
import smtplib
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, formatdate

from driftloop.alerts.channels.email import EmailChannel
from driftloop.alerts.message import OutgoingMessage, Receipt
from driftloop.alerts.messages.formats.html import email_html
from driftloop.alerts.messages.formats.plain_text import title, to_text
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders import base
from tasks.alerts.senders.base import LostAnswerError, PartlyRefusedError, RefusedError, Sender
from tasks.runtime.redaction import redact

_KEPT = "the message is kept and the next run sends it"

Refusals = Mapping[str, tuple[int, bytes]]


class _AgainError(Exception):
    """A temporary fault; `failure` is raised if it lasts."""

    def __init__(self, failure: DeliveryError, left: tuple[str, ...] | None = None) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.left = left


@dataclass(frozen=True, slots=True)
class MailSender(Sender):
    """Sends mails through an SMTP server.

    A mail's Message-ID follows from its key, so that mail programs that look at it show one once
    that was sent twice.
    """

    channel: EmailChannel
    password: str | None = field(default=None, repr=False)

    def send(self, outgoing: OutgoingMessage) -> Receipt:
        """Send the mail to every address and return its Message-ID.

        Addresses that the server takes get the mail even where it refuses others.

        Raises:
            PartlyRefusedError: if some addresses were refused for good and the others have it.
        """
        mail, left, pause = compose(outgoing, self.channel), self.channel.to, base.PAUSE
        for attempt in range(1 + base.RETRIES):
            try:
                self._deliver(mail, left)
                return Receipt("email", str(mail["Message-ID"]))
            except _AgainError as fault:
                failure, left = fault.failure, fault.left or left
            if attempt < base.RETRIES:
                time.sleep(pause)
                pause *= 2
        raise failure

    def _deliver(self, mail: EmailMessage, to: tuple[str, ...]) -> None:
        with self._one_line_errors(), self._connected() as server:
            refused = server.send_message(mail, self.channel.sender, to)
        if refused:
            raise self._partly(refused)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Yield the server, encrypted and logged in as the settings say."""
        channel, context = self.channel, ssl.create_default_context()
        server = (
            smtplib.SMTP_SSL(channel.host, channel.port, timeout=base.TIMEOUT, context=context)
            if channel.security == "tls"
            else smtplib.SMTP(channel.host, channel.port, timeout=base.TIMEOUT)
        )
        try:
            if channel.security == "starttls":
                server.starttls(context=context)
            if channel.user is not None and self.password is not None:
                server.login(channel.user, self.password)
            yield server
            with suppress(OSError, smtplib.SMTPException):  # the mail was taken already
                server.quit()
        finally:
            server.close()

    @contextmanager
    def _one_line_errors(self) -> Iterator[None]:
        try:
            yield
        except smtplib.SMTPRecipientsRefused as error:
            raise self._partly(error.recipients) from None
        except smtplib.SMTPResponseException as error:
            raise self._answered(error) from None
        except ssl.SSLCertVerificationError as error:
            raise RefusedError(
                f"the certificate of {self._host} is not trusted ({error.verify_message}); check "
                "host, or set SSL_CERT_FILE to the file of your certificate authority"
            ) from None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise self._silent(error) from None
        except (smtplib.SMTPNotSupportedError, ssl.SSLError, UnicodeError) as error:
            raise RefusedError(
                f"{self._host} does not support what is required ({type(error).__name__}); check "
                "port, security and user of the e-mail channel"
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise self._silent(error) from None

    @property
    def _host(self) -> str:
        return f"{self.channel.host}:{self.channel.port}"

    def _silent(self, error: Exception) -> _AgainError:
        text = redact(" ".join(str(error).split())) or type(error).__name__
        return _AgainError(
            LostAnswerError(
                f"{self._host} did not answer ({text}); the message is kept, check host and port "
                "of the e-mail channel"
            )
        )

    def _answered(self, error: smtplib.SMTPResponseException) -> Exception:
        channel, host, code = self.channel, self._host, error.smtp_code
        if 400 <= code < 500 or code < 0:
            return _AgainError(LostAnswerError(f"{host} cannot take mail now ({code}); {_KEPT}"))
        remedy = f"{_KEPT}; ask who runs the server"
        if isinstance(error, smtplib.SMTPAuthenticationError):
            remedy = (
                f"check user {channel.user} and the password in {channel.password_variable} "
                f"or the Secret block {channel.password_secret}"
            )
        elif isinstance(error, smtplib.SMTPSenderRefused):
            remedy = (
                "set sender to an address that it lets you send from, and user if it requires one"
            )
        return RefusedError(f"{host} refused the mail ({code}); {remedy}", str(code))

    def _partly(self, refused: Refusals) -> Exception:
        """Return the error for refused addresses: those refused for now are tried again."""
        codes = {address: answer[0] for address, answer in refused.items()}
        named = ", ".join(str(code) for code in sorted(set(codes.values())))
        text = (
            f"{self.channel.host} refused {len(codes)} of {len(self.channel.to)} addresses "
            f"({named}); check the addresses under to"
        )
        passing = tuple(address for address, code in codes.items() if 400 <= code < 500)
        if passing == tuple(codes):
            return _AgainError(LostAnswerError(text), passing)
        if len(codes) < len(self.channel.to) and not passing:
            return PartlyRefusedError(text, named)
        return RefusedError(text, named)


def compose(outgoing: OutgoingMessage, channel: EmailChannel) -> EmailMessage:
    """Return the mail of a message: plain text, and the same as HTML beside it."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = title(outgoing.message)
    mail["From"] = formataddr(("driftloop", channel.sender))
    mail["To"] = ", ".join(channel.to)
    mail["Date"] = formatdate(usegmt=True)
    mail["Message-ID"] = message_id(outgoing.key, channel)
    answered = [outgoing.thread.ts] if outgoing.thread else []
    # All mails of an incident refer to an id of its own, so that they stay together even where the
    # first one is not known.
    root = [message_id(f"incident/{outgoing.incident}", channel)] if outgoing.incident else []
    for name, ids in (("In-Reply-To", answered), ("References", [*root, *answered])):
        if ids:
            mail[name] = " ".join(ids)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Driftloop-Key"] = " ".join(outgoing.key.split())
    mail.set_content(to_text(outgoing.message) + "\n", charset="utf-8")
    mail.add_alternative(email_html(outgoing.message), subtype="html", charset="utf-8")
    return mail


def message_id(key: str, channel: EmailChannel) -> str:
    """Return the Message-ID of a mail, the same for the same key."""
    domain = re.sub(r"[^A-Za-z0-9.-]", "-", channel.sender.rpartition("@")[2])
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@driftloop.{domain}>"
