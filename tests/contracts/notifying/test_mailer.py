"""One suite for every mailer: what `ports.mail` promises, and what each adds of its own."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import threading
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import attrs
import pytest

from adapters.memory.mailer import RecordingMailer
from adapters.notifying.file_mail import FileMailer
from adapters.notifying.smtp_mail import SmtpMailer
from domain.model.errors import MailUnavailable
from domain.model.mail import Mail
from ports.mail import Mailer
from tests.patience import in_time
from tests.smtp_server import PASSWORD, SENDER, Manners, Server, SmtpServer, certificate

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

LETTER = Mail("ana@bank.test", "Password Reset OTP", "OTP:893392", "<b1@hucha>")


@attrs.frozen
class Post:
    """A mailer, and what came out at its other end."""

    mailer: Mailer
    letters: Callable[[], list[Mail]]


def as_mail(message: EmailMessage) -> Mail:
    body = message.get_content().replace("\r\n", "\n").removesuffix("\n")
    return Mail(str(message["To"]), str(message["Subject"]), body, str(message["Message-ID"]))


def messages_in(folder: Path) -> list[EmailMessage]:
    files = sorted(folder.iterdir()) if folder.exists() else []
    return [message_from_bytes(file.read_bytes(), EmailMessage, policy=policy.default) for file in files]


@pytest.fixture(params=["memory", "file", "smtp", "smtp with STARTTLS", "smtp over TLS"])
def post(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Post]:
    if request.param == "memory":
        recording = RecordingMailer()
        yield Post(recording, lambda: recording.sent)
    elif request.param == "file":
        folder = tmp_path / "deep" / "mail"
        yield Post(FileMailer(folder, SENDER), lambda: [as_mail(one) for one in messages_in(folder)])
    else:
        tls = {"smtp": None, "smtp with STARTTLS": "start", "smtp over TLS": "on"}[request.param]
        with SmtpServer(tls, login=tls is not None) as server:
            yield Post(server.mailer(), lambda: [as_mail(one) for one in server.letters])


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


def refusal_of(mailer: Mailer, mail: Mail = LETTER) -> MailUnavailable:
    with pytest.raises(MailUnavailable) as caught:
        mailer.send(mail)
    assert mail.body not in str(caught.value) and PASSWORD not in str(caught.value)
    assert mail.recipient not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "letter",
    [
        LETTER,
        Mail("ana@bank.test", "Balance Drop Alert", "Dear Ana,\n\nfirst\n.\n..second\n\nBye\n.", "<b2@hucha>"),
        Mail("ana@bank.test", "Año nuevo, ¿no? 🎉", "Señora Núñez: 12,50 €\n" + "long " * 400 + "end", "<b3@hucha>"),
        Mail("ana@bank.test", "S" * 300, "=20 is no blank\n" + "x" * 3000, "<b4@hucha>"),
    ],
    ids=["plain", "dots", "not ASCII", "long"],
)
def test_a_letter_arrives_as_it_was_written(post: Post, letter: Mail) -> None:
    # contract: A11
    post.mailer.send(letter)
    assert post.letters() == [letter]


def test_a_letter_that_is_sent_again_keeps_its_id(post: Post) -> None:
    post.mailer.send(LETTER)
    post.mailer.send(LETTER)
    assert {letter.message_id for letter in post.letters()} == {"<b1@hucha>"}


def test_many_threads_send_at_once(post: Post) -> None:
    letters = [attrs.evolve(LETTER, message_id=f"<c{number}@hucha>") for number in range(12)]
    threads = [threading.Thread(target=post.mailer.send, args=(letter,)) for letter in letters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(letter.message_id for letter in post.letters()) == sorted(letter.message_id for letter in letters)


# --- messages ---


def test_a_message_has_the_headers_that_mail_needs(server: SmtpServer) -> None:
    before = int(time.time())
    server.mailer().send(LETTER)
    after = time.time()
    (message,) = server.letters
    assert str(message["From"]) == "Hucha <no-reply@hucha.example>"
    assert message["To"] == "ana@bank.test"
    assert message["Subject"] == "Password Reset OTP"
    assert message["Message-ID"] == "<b1@hucha>"
    assert before <= message["Date"].datetime.timestamp() <= after
    assert message.get_content_type() == "text/plain"
    assert message.get_content_charset() == "utf-8"
    assert server.envelopes == [("no-reply@hucha.example", ["ana@bank.test"])]


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\0"])
def test_no_text_begins_a_header_of_its_own(server: SmtpServer, tmp_path: Path, break_: str) -> None:
    # contract: G11
    evil = f"{break_}Bcc: eve@evil.test{break_}{break_}Hello"
    letter = Mail(f"ana{break_}@bank.test", f"Hi{evil}", "body", f"<b1{break_}@hucha>")
    server.mailer().send(letter)
    FileMailer(tmp_path, SENDER).send(letter)
    for message in [*server.letters, *messages_in(tmp_path)]:
        assert message["Bcc"] is None
        assert message["To"] == "ana@bank.test"
        assert message["Subject"] == "HiBcc: eve@evil.testHello"
        assert message["Message-ID"] == "<b1@hucha>"
        assert message.get_content().strip() == "body"
    assert server.envelopes == [("no-reply@hucha.example", ["ana@bank.test"])]


@pytest.mark.parametrize(
    ("recipient", "envelope"),
    [("a,b@bank.test", '"a,b"@bank.test'), ("ana@müller.test", "ana@xn--mller-kva.test"), ("<ana@bank.test", None)],
)
def test_odd_addresses_stay_one_address(server: SmtpServer, recipient: str, envelope: str | None) -> None:
    mail = attrs.evolve(LETTER, recipient=recipient)
    if envelope is None:
        envelope = '"<ana"@bank.test'
    server.mailer().send(mail)
    assert server.envelopes == [("no-reply@hucha.example", [envelope])]


@pytest.mark.parametrize("recipient", ["", "ana", "@bank.test", "ana@"])
def test_what_is_no_address_is_refused_for_good(server: SmtpServer, tmp_path: Path, recipient: str) -> None:
    mail = attrs.evolve(LETTER, recipient=recipient, body="secret words")
    for mailer in (server.mailer(), FileMailer(tmp_path, SENDER)):
        with pytest.raises(MailUnavailable) as caught:
            mailer.send(mail)
        assert caught.value.permanent


def test_an_address_that_isnt_ascii_needs_a_server_that_takes_it(server: SmtpServer) -> None:
    refusal = refusal_of(server.mailer(), attrs.evolve(LETTER, recipient="añá@bank.test"))
    assert "ASCII" in refusal.reason


def test_a_file_takes_an_address_that_isnt_ascii(tmp_path: Path) -> None:
    FileMailer(tmp_path, SENDER).send(attrs.evolve(LETTER, recipient="añá@bank.test", subject="¿Sí?"))
    (message,) = messages_in(tmp_path)
    assert (message["To"], message["Subject"]) == ("añá@bank.test", "¿Sí?")


# --- SMTP ---


@pytest.mark.parametrize(
    ("manners", "reason", "permanent"),
    [
        (
            Manners(recipient_answer="550 5.1.1 no ana@bank.test here"),
            "the server refused the recipient (550 5.1.1)",
            True,
        ),
        (Manners(recipient_answer="450 4.2.0 greylisted"), "the server refused the recipient (450 4.2.0)", False),
        (Manners(recipient_answer="530 5.7.0 log in"), "the server refused the recipient (530 5.7.0)", False),
        (Manners(data_answer="554 5.7.1 spam: OTP:893392"), "the server refused the letter (554 5.7.1)", True),
        (Manners(data_answer="452 full: OTP:893392"), "the server refused the letter (452)", False),
        (Manners(sender_answer="550 not you"), "the server refused the sender (550)", False),
        (Manners(greeting_drops=True), "the server hung up, or didn't answer in time", False),
        (Manners(drops_within_data=True), "the server hung up, or didn't answer in time", False),
        (Manners(loses_answer=True), "the server hung up, or didn't answer in time", False),
    ],
)
def test_a_refusal_says_why_and_whether_trying_again_helps(
    server: SmtpServer, manners: Manners, reason: str, permanent: bool
) -> None:
    server.manners = manners
    refusal = refusal_of(server.mailer())
    assert (refusal.reason, refusal.permanent) == (reason, permanent)
    server.manners = Manners()
    server.mailer().send(LETTER)
    assert set(server.ids()) == {"<b1@hucha>"}


def test_a_server_that_isnt_there_may_come_back(server: SmtpServer) -> None:
    server.stop()
    assert not refusal_of(server.mailer()).permanent
    server.start()
    server.mailer().send(LETTER)
    assert server.ids() == ["<b1@hucha>"]


@pytest.mark.parametrize("manners", [Manners(stalls=True), Manners(dribbles=True)], ids=["stalls", "dribbles"])
@pytest.mark.parametrize("tls", [None, "start", "on"])
def test_a_send_ends_in_time_whatever_the_server_does(manners: Manners, tls: str | None) -> None:
    with SmtpServer(tls) as server:
        server.manners = manners
        mailer = server.mailer(timeout_seconds=0.3)
        assert not in_time(lambda: refusal_of(mailer)).permanent


def test_a_server_that_takes_the_connection_and_says_nothing_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for tls in (None, "on"):
            mailer = SmtpMailer(Server("127.0.0.1", port, tls=tls), SENDER, 0.3, certificate().client)
            assert not in_time(lambda mailer=mailer: refusal_of(mailer)).permanent


def test_a_letter_that_was_taken_is_sent_whatever_comes_of_the_farewell(server: SmtpServer) -> None:
    server.manners = Manners(stalls_goodbye=True)
    server.mailer().send(LETTER)
    assert server.ids() == ["<b1@hucha>"]


@pytest.mark.parametrize("tls", [None, "start", "on"])
def test_a_wrong_password_is_for_an_operator_to_mend_and_stays_secret(tls: str | None) -> None:
    with SmtpServer(tls, login=True) as server:
        refusal = refusal_of(server.mailer(password="Wrong-Password-8"))
        assert (refusal.reason, refusal.permanent) == ("the server refused the login (535 5.7.8)", False)
        assert not server.letters
        server.mailer().send(LETTER)
        assert server.ids() == ["<b1@hucha>"]


@pytest.mark.parametrize("tls", ["start", "on"])
def test_a_certificate_that_nobody_vouches_for_is_refused(tls: str) -> None:
    with SmtpServer(tls) as server:
        mailer = SmtpMailer(server.address, SENDER, 5)  # trusts what the system trusts
        refusal = refusal_of(mailer)
        assert "certificate isn't trusted" in refusal.reason
        assert not refusal.permanent
        assert not server.letters


@pytest.mark.parametrize("tls", ["start", "on"])
def test_a_certificate_for_another_host_is_refused(tls: str) -> None:
    other = certificate("127.0.0.2")
    with SmtpServer(tls, context=other.server) as server:
        mailer = SmtpMailer(server.address, SENDER, 5, other.client)
        assert "certificate isn't trusted" in refusal_of(mailer).reason
        assert not server.letters


def test_starttls_is_required_where_the_settings_say_so(server: SmtpServer) -> None:
    """A server, or somebody on the line, that offers no STARTTLS gets no letter in the clear."""
    refusal = refusal_of(server.mailer(tls="start"))
    assert "lacks" in refusal.reason and not refusal.permanent
    assert not server.letters


def test_the_default_context_verifies_certificates() -> None:
    mailer = SmtpMailer(Server("mail.test", 465, tls="on"), SENDER)
    assert mailer._context is not None
    assert mailer._context.verify_mode is ssl.CERT_REQUIRED and mailer._context.check_hostname


# --- files ---


def test_a_letter_is_one_file_however_often_it_is_sent(tmp_path: Path) -> None:
    # contract: R3
    mailer = FileMailer(tmp_path / "mail", SENDER)
    for _ in range(3):
        mailer.send(LETTER)
    assert [file.name for file in (tmp_path / "mail").iterdir()] == ["b1@hucha.eml"]


def test_only_the_owner_reads_the_folder_and_the_files(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        FileMailer(tmp_path / "mail", SENDER).send(LETTER)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "mail" / "b1@hucha.eml").stat().st_mode) == 0o600


@pytest.mark.parametrize("id", ["<../../etc/passwd@x>", "<a/b@x>", "", "<" + "x" * 500 + "@x>", "<.hidden@x>"])
def test_no_id_leads_out_of_the_folder(tmp_path: Path, id: str) -> None:
    folder = tmp_path / "mail"
    FileMailer(folder, SENDER).send(attrs.evolve(LETTER, message_id=id))
    assert [path.name for path in tmp_path.iterdir()] == ["mail"]
    (file,) = folder.iterdir()
    assert file.suffix == ".eml" and not file.name.startswith(".")


def test_a_folder_that_cant_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where the folder should be")
    refusal = refusal_of(FileMailer(tmp_path / "mail", SENDER))
    assert not refusal.permanent


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "b1@hucha.eml").mkdir()  # the last step, the renaming, can't succeed
    refusal_of(FileMailer(tmp_path, SENDER))
    assert [path.name for path in tmp_path.iterdir()] == ["b1@hucha.eml"]
