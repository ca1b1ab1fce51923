"""E-mail against a real SMTP server library, with its logins, its TLS and its refusals."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from peers.mail import Fault, MailPeer

from driftloop.alerts.blocks import Header
from driftloop.alerts.channels.email import EmailChannel
from driftloop.alerts.message import Receipt
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders import base, sender_for
from tasks.alerts.senders.base import LostAnswerError, PartlyRefusedError, RefusedError
from tasks.alerts.senders.mail import MailSender
from tests.tasks.alerts.senders.outgoing import SHAPE, message, outgoing
from tests.tasks.alerts.senders.safe import assert_one_safe_line

ANNA, BORIS = "anna@example.org", "boris@example.org"


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[MailPeer]:
    with MailPeer(tmp_path) as running:
        yield running


def sender_to(peer: MailPeer, *to: str, **settings: Any) -> MailSender:
    given = {"host": "127.0.0.1", "port": peer.port, "security": "none", **settings}
    sender = sender_for(EmailChannel(to=to or (ANNA,), sender="driftloop@example.org", **given))
    assert isinstance(sender, MailSender)
    return sender


def test_a_mail_says_the_message_in_plain_text(peer: MailPeer) -> None:
    receipt = sender_to(peer, ANNA, BORIS).send(outgoing("payments/1/открыт"))
    (taken,) = peer.mails
    content = taken.content
    assert taken.to == (ANNA, BORIS)
    assert content["Subject"] == "🚨 payments: data checks failed"
    assert content["To"] == f"{ANNA}, {BORIS}"
    assert content["Message-ID"] == receipt.ts
    assert content["X-Driftloop-Key"] == "payments/1/открыт"
    assert content["Auto-Submitted"] == "auto-generated"
    assert content["Date"].datetime is not None
    body = content.get_body(("plain",))
    assert body is not None
    assert body.get_content_charset() == "utf-8"
    assert "2 of 9 checks failed: a < b [red]c[/red]" in body.get_content()
    assert "Prefect run: http://prefect/runs/1?a=1&b=2" in body.get_content()


def test_html_stands_beside_the_text(peer: MailPeer) -> None:
    sender_to(peer).send(outgoing("a"))
    (taken,) = peer.mails
    assert taken.content.get_content_type() == "multipart/alternative"
    page = taken.content.get_body(("html",))
    assert page is not None
    assert page.get_content_charset() == "utf-8"
    text = page.get_content()
    assert "<b>2 of 9 checks failed:</b> a &lt; b [red]c[/red]" in text.replace("strong>", "b>")
    assert 'href="http://prefect/runs/1?a=1&amp;b=2"' in text


def test_an_incident_is_one_thread(peer: MailPeer) -> None:
    sender = sender_to(peer)
    first = sender.send(outgoing("a"))
    sender.send(outgoing("b", "worsened", thread=first))
    sender.send(outgoing("c", "resolved"))
    sender.send(outgoing("d", incident="payments-4"))
    sender.send(outgoing("e", incident=None))
    a, b, c, d, e = (taken.content for taken in peer.mails)
    root = a["References"]
    assert b["In-Reply-To"] == first.ts == a["Message-ID"]
    assert b["References"] == f"{root} {first.ts}"
    assert c["References"] == root != d["References"]
    assert e["References"] is None


def test_a_mail_is_the_same_mail_when_it_is_sent_again(peer: MailPeer) -> None:
    sender = sender_to(peer)
    ids = [sender.send(outgoing(key)).ts for key in ("a", "a", "b")]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@driftloop.example.org>")


def test_a_line_break_in_a_name_adds_no_header(peer: MailPeer) -> None:
    header = Header("x\r\nBcc: all@evil.org")
    sender_to(peer).send(outgoing("k\r\nBcc: all@evil.org", message=message(blocks=(header,))))
    (taken,) = peer.mails
    assert taken.content["Bcc"] is None
    assert taken.content["Subject"] == "x Bcc: all@evil.org"


def test_nothing_is_drawn_or_updated(peer: MailPeer) -> None:
    sender = sender_to(peer)
    sender.update(Receipt("email", "x"), message())
    assert sender.draw(outgoing(shapes=(SHAPE,))) is None
    assert peer.attempts == 0


@pytest.mark.parametrize("fault", ["busy", "reset"])
def test_after_a_fault_the_story_is_whole_in_order_and_told_once(
    peer: MailPeer, fault: Fault
) -> None:
    sender = sender_to(peer)
    sender.send(outgoing("a"))
    peer.misbehave(fault)
    sender.send(outgoing("b"))
    sender.send(outgoing("c"))
    assert peer.keys == ["a", "b", "c"]


@pytest.mark.parametrize("fault", ["reset_after_accepting", "busy_after_accepting"])
def test_a_mail_whose_answer_was_lost_comes_again_under_the_same_id(
    peer: MailPeer, fault: Fault
) -> None:
    peer.misbehave(fault)
    sender_to(peer).send(outgoing("a"))
    assert peer.keys == ["a", "a"]
    assert len({taken.content["Message-ID"] for taken in peer.mails}) == 1


def test_a_refused_connection_is_tried_again(
    peer: MailPeer, when_waiting: list[Callable[[], None]]
) -> None:
    peer.close()
    when_waiting.append(peer.reopen)
    sender_to(peer).send(outgoing("a"))
    assert peer.keys == ["a"]


def test_an_outage_ends_in_one_line_and_the_next_run_sends(peer: MailPeer) -> None:
    sender = sender_to(peer)
    peer.close()
    with pytest.raises(LostAnswerError, match=r"did not answer.*check host and port") as caught:
        sender.send(outgoing("a"))
    assert_one_safe_line(caught.value)
    peer.reopen()
    peer.misbehave("busy", times=9)
    with pytest.raises(LostAnswerError, match="cannot take mail now"):
        sender.send(outgoing("a"))
    assert peer.attempts == 1 + base.RETRIES
    peer.recover()
    sender.send(outgoing("a"))
    assert peer.keys == ["a"]


def test_a_slow_server_is_given_up(peer: MailPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "TIMEOUT", 0.1)
    monkeypatch.setattr(base, "RETRIES", 0)
    peer.misbehave("slow", seconds=0.2)
    with pytest.raises(LostAnswerError, match="timed out"):
        sender_to(peer).send(outgoing("a"))


def test_a_final_refusal_is_not_tried_again(peer: MailPeer) -> None:
    peer.misbehave("error")
    with pytest.raises(DeliveryError, match=r"refused the mail \(554\)"):
        sender_to(peer).send(outgoing("a"))
    assert peer.attempts == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_login_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str) -> None:
    tls = {"tls": security == "starttls", "immediate": security == "tls"}
    with MailPeer(tmp_path, user="driftloop", **tls) as peer:
        monkeypatch.setenv("SSL_CERT_FILE", str(peer.ca_file))
        monkeypatch.setenv("SMTP_PASSWORD", peer.password)
        sender_to(peer, security=security, user="driftloop").send(outgoing("a"))
        (taken,) = peer.mails
        assert (taken.encrypted, taken.user) == (True, "driftloop")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    tls = {"tls": security == "starttls", "immediate": security == "tls"}
    with MailPeer(tmp_path, user="driftloop", **tls) as peer:
        monkeypatch.setenv("SMTP_PASSWORD", peer.password)
        with pytest.raises(DeliveryError, match=r"not trusted.*SSL_CERT_FILE"):
            sender_to(peer, security=security, user="driftloop").send(outgoing("a"))
        assert peer.attempts == 0


def test_a_wrong_password_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailPeer(tmp_path, user="driftloop", tls=True) as peer:
        monkeypatch.setenv("SSL_CERT_FILE", str(peer.ca_file))
        monkeypatch.setenv("SMTP_PASSWORD", "wrong-secret")
        with pytest.raises(DeliveryError, match=r"535.*user driftloop.*SMTP_PASSWORD") as caught:
            sender_to(peer, security="starttls", user="driftloop").send(outgoing("a"))
    assert_one_safe_line(caught.value, "wrong-secret")


def test_a_missing_login_is_told(tmp_path: Path) -> None:
    with (
        MailPeer(tmp_path, user="driftloop") as peer,
        pytest.raises(DeliveryError, match=r"\(530\).*user if it requires one"),
    ):
        sender_to(peer).send(outgoing("a"))


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_without_tls_is_not_spoken_to_in_clear(peer: MailPeer, security: str) -> None:
    with pytest.raises(DeliveryError, match="check port, security and user"):
        sender_to(peer, security=security).send(outgoing("a"))
    assert peer.attempts == 0


def test_refused_addresses_are_counted_and_the_others_get_the_mail(peer: MailPeer) -> None:
    peer.refused[BORIS] = "550"
    with pytest.raises(PartlyRefusedError, match=r"refused 1 of 2 addresses \(550\)") as caught:
        sender_to(peer, ANNA, BORIS).send(outgoing("a"))
    assert "addresses under to" in str(caught.value)
    assert [taken.to for taken in peer.mails] == [(ANNA,)]


def test_addresses_refused_for_now_are_tried_again_alone(
    peer: MailPeer, when_waiting: list[Callable[[], None]]
) -> None:
    peer.refused[BORIS] = "450"
    when_waiting.append(peer.refused.clear)
    sender_to(peer, ANNA, BORIS).send(outgoing("a"))
    assert [taken.to for taken in peer.mails] == [(ANNA,), (BORIS,)]


def test_addresses_refused_for_now_and_ever_wait_for_the_next_run(peer: MailPeer) -> None:
    peer.refused |= {ANNA: "450", BORIS: "550"}
    with pytest.raises(RefusedError, match=r"\(450, 550\)") as caught:
        sender_to(peer, ANNA, BORIS, "c@example.org").send(outgoing("a"))
    assert not isinstance(caught.value, PartlyRefusedError)


def test_an_address_that_is_refused_for_good_in_the_end(
    peer: MailPeer, when_waiting: list[Callable[[], None]]
) -> None:
    peer.refused[BORIS] = "450"
    when_waiting.append(lambda: peer.refused.update({BORIS: "550"}))
    with pytest.raises(PartlyRefusedError, match="1 of 2"):
        sender_to(peer, ANNA, BORIS).send(outgoing("a"))
    assert [taken.to for taken in peer.mails] == [(ANNA,)]


def test_every_address_refused(peer: MailPeer) -> None:
    peer.refused |= {ANNA: "550", BORIS: "553"}
    with pytest.raises(RefusedError, match=r"refused 2 of 2 addresses \(550, 553\)") as caught:
        sender_to(peer, ANNA, BORIS).send(outgoing("a"))
    assert not isinstance(caught.value, PartlyRefusedError)
    assert peer.mails == []
