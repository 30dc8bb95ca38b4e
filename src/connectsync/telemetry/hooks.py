"""
Messages to people: what a hook is sent, and how.

What stands in a message is ours: districts by key, settings, rules, figures. Its shape
gives no format a way to read markup, a link or a mention out of it.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any, BinaryIO, cast

import httpx2

from connectsync.domain.foreign_text import SECRETS, foreign_text
from connectsync.domain.notice import MailHook, Message, Notice, Webhook, headline
from connectsync.errors import ConnectsyncError
from connectsync.values import dataclass, field
from connectsync.web.http import (
    Limits,
    RetryBudget,
    client,
    fetch,
    insist_safe,
    trusted,
    what_failed,
)

SCHEMA = 1

SECONDS = 20.0
"""How long one message may take to be sent, tries included."""

_ANSWER_BYTES = 1 << 16
"""Bytes that a hook may answer; nothing of it is needed."""

NAMED = 20
"""Matters that a person is told by name; the rest is counted."""

LISTED = 1000
"""Matters that a program is told; the rest is counted."""

_MARKUP = str.maketrans("<>{}&", "()()+")
"""Slack reads ``<!channel>`` as a mention, Teams ``{{DATE(…)}}`` as a date."""


@dataclass(frozen=True, slots=True)
class Sending:
    """
    One message on its way: to which hook, with which secrets.

    ``secret`` is the address of a webhook, or the password of a mail server; ``token``
    is what goes along to a webhook. ``connect`` says which Connect it is about, and
    ``test`` that it tells of nothing.
    """

    hook: Webhook | MailHook
    message: Message
    at: datetime
    connect: str
    secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    test: bool = False

    @property
    def title(self) -> str:
        """Say in one line what it tells."""
        if self.test:
            return "connectsync: this is a test, and tells of nothing"
        return plain(f"{headline(self.message)}, on {self.connect}")


@dataclass(frozen=True, slots=True)
class SendResult:
    """
    How a message ended.

    ``failed`` says what did, empty if nothing; ``partly`` that it was taken for some
    all the same, who would hear it twice if it were sent again.
    """

    failed: str = ""
    partly: bool = False


def plain(text: str) -> str:
    """Make text one line in which no service finds markup."""
    return foreign_text(text).translate(_MARKUP)


def _next(notice: Notice) -> str:
    """Say what to do next; its commands are ours, so they stay as they are spelled."""
    return plain(notice.remedy).replace(r"\x60connectsync ", "`connectsync ")


async def send_all(sendings: Sequence[Sending]) -> list[SendResult]:
    """Send messages at once; give for each how it ended."""
    return list(await asyncio.gather(*map(_send, sendings)))


async def _send(one: Sending) -> SendResult:
    try:
        async with asyncio.timeout(SECONDS):
            if isinstance(one.hook, Webhook):
                return SendResult(await _post(one, one.hook))
            return await _mail(one, one.hook)
    except TimeoutError:
        return SendResult(f"it did not come to an end within {SECONDS:g} seconds")
    except ConnectsyncError as error:
        return SendResult(error.message)
    except Exception as error:  # noqa: BLE001 - whatever a hook does, the run goes on
        return SendResult(f"it could not be sent: {type(error).__name__}")


# — webhooks —


async def _post(one: Sending, hook: Webhook) -> str:
    """Post a message; a redirect is not followed, for the address is a secret."""
    address = one.secret or ""
    origin = "/".join(address.split("/", 3)[:3])
    insist_safe(origin, "its address")
    transport = httpx2.AsyncHTTPTransport(verify=trusted())
    limits = Limits(answer_seconds=SECONDS / 2, answer_bytes=_ANSWER_BYTES)
    patience = RetryBudget(budget_seconds=SECONDS / 4, limits=limits)
    async with client(transport, base_url=origin, token=one.token) as web:

        async def attempt() -> httpx2.Response:
            request = web.build_request("POST", address, json=payload(one, hook))
            return await fetch(web, request, limits)

        try:
            answer = await patience(attempt)
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            if isinstance(error, httpx2.InvalidURL):
                return "its address is none"
            return what_failed(error, SECRETS)[0]
    if answer.is_success:
        return ""
    where = " (a redirect, which is not followed)" if answer.is_redirect else ""
    return f"it answered with status {answer.status_code}{where}"


def payload(one: Sending, hook: Webhook) -> dict[str, Any]:
    """Give what is posted, in the shape that the hook reads."""
    return _SHAPES[hook.format](one)


def _json(one: Sending) -> dict[str, Any]:
    """Give it in the shape of ``notification.schema.json``."""
    message = one.message
    kind = "test" if one.test else "digest" if message.day else "news"
    return {
        "schema": SCHEMA,
        "report": "notification",
        "kind": kind,
        "at": one.at.isoformat(),
        "connect": plain(one.connect),
        "title": one.title,
        "new_total": len(message.news),
        "new": [_notice(notice) for notice in message.news[:LISTED]],
        "open_total": len(message.open),
        "open": [_notice(notice) for notice in message.open[:LISTED]],
    }


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "kind": notice.kind.value,
        "district": plain(notice.district).strip("*") or None,
        "message": plain(notice.message),
        "help": _next(notice),
    }


_SECTION = 2900
"""Characters of a section of Slack, which takes 3000."""


def _slack(one: Sending) -> dict[str, Any]:
    """Give it as blocks of plain text, in which Slack reads no markup."""
    told = {"type": "plain_text", "emoji": False}
    sections = [
        {"type": "section", "text": {**told, "text": text}}
        for text in _cut("\n".join(lines(one)), _SECTION)
    ]
    return {"text": one.title, "blocks": sections}


def _cut(text: str, most: int) -> Iterator[str]:
    """Cut a text at the ends of its lines, into parts of at most so many characters."""
    part = ""
    for line in text.splitlines():
        if part and len(part) + len(line) + 1 > most:
            yield part
            part = ""
        part = f"{part}\n{line}" if part else line[:most]
    if part:
        yield part


def _teams(one: Sending) -> dict[str, Any]:
    """Give it as an Adaptive Card of runs of text, which are no Markdown."""
    runs = [
        {
            "type": "RichTextBlock",
            "inlines": [
                {
                    "type": "TextRun",
                    "text": line,
                    **({"weight": "Bolder"} if not number else {}),
                }
            ],
        }
        for number, line in enumerate(lines(one))
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": runs,
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {
        "type": "message",
        "attachments": [{"contentType": kind, "contentUrl": None, "content": card}],
    }


_SHAPES: Mapping[str, Callable[[Sending], dict[str, Any]]] = {
    "json": _json,
    "slack": _slack,
    "teams": _teams,
}


def lines(one: Sending) -> list[str]:
    """Give a message for people, line by line."""
    told = [one.title]
    if one.message.open and one.message.news:
        told.append("New:")
    told += _listed(one.message.news)
    if one.message.open:
        told += ["Still open:", *_listed(one.message.open)]
    return told


def _listed(notices: Sequence[Notice]) -> Iterable[str]:
    for notice in notices[:NAMED]:
        who = notice.district.strip("*")
        said = f"{who}: {notice.message}" if who else notice.message
        yield plain(f"- {notice.kind.value}: {said}")
        yield f"    next: {_next(notice)}"
    if (rest := len(notices) - NAMED) > 0:
        yield f"- and {rest:,} more"


# — mail —


class _Counted:
    """What a mail server says, up to so many bytes altogether."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left = file, _ANSWER_BYTES

    def readline(self, most: int) -> bytes:
        """Read a line. Raises ``SMTPServerDisconnected`` where it is too much."""
        line = self._file.readline(most)
        self._left -= len(line)
        if self._left < 0:
            raise smtplib.SMTPServerDisconnected("it says more than is read")
        return line

    def close(self) -> None:
        """Let go of the connection."""
        self._file.close()


class _Mailer(smtplib.SMTP):
    """Speaks to a mail server, and does not listen to it forever."""

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer of a bounded size."""
        if self.file is None and self.sock is not None:
            self.file = cast("Any", _Counted(self.sock.makefile("rb")))
        return super().getreply()


class _TlsMailer(_Mailer, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


def mail_of(one: Sending, hook: MailHook) -> EmailMessage:
    """Give a message as mail."""
    mail = EmailMessage()
    mail["From"], mail["To"] = hook.sender, ", ".join(hook.recipients)
    mail["Subject"] = one.title
    mail["Date"] = format_datetime(one.at)
    mail["Message-ID"] = make_msgid(domain=hook.sender.rpartition("@")[2])
    # no one's holiday answers it
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n".join(lines(one)) + "\n")
    return mail


async def _mail(one: Sending, hook: MailHook) -> SendResult:
    """
    Send mail in a thread that ends with the process.

    A time limit for each read is none for a conversation, and for looking up a name
    there is none at all: the caller waits no longer than it may take.
    """
    mail, context = mail_of(one, hook), trusted()
    done: Future[SendResult] = Future()

    def work() -> None:
        done.set_running_or_notify_cancel()
        try:
            done.set_result(_deliver(mail, hook, one.secret, context))
        except Exception as error:  # noqa: BLE001 - told by who waits for it
            done.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return await asyncio.wrap_future(done)


def _deliver(
    mail: EmailMessage, hook: MailHook, password: str | None, context: ssl.SSLContext
) -> SendResult:
    """Deliver mail over TLS alone; tell what failed in words without a secret."""
    # the name of this machine is no one's business
    at = hook.host, hook.port, hook.sender.rpartition("@")[2]
    seconds = SECONDS / 2
    try:
        if hook.tls == "implicit":
            server: _Mailer = _TlsMailer(*at, timeout=seconds, context=context)
        else:
            server = _Mailer(*at, timeout=seconds)
        with closing(server):
            if hook.tls != "implicit":
                server.starttls(context=context)
            if hook.user is not None and password is not None:
                server.login(hook.user, password)
            refused = len(server.send_message(mail))
            # what was taken is taken, however they part
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return SendResult(_why(error))
    if refused:
        why = f"the mail server refused {refused} of its addresses"
        return SendResult(why, partly=True)
    return SendResult()


def _why(error: Exception) -> str:
    """Say why mail was not taken, without what the server said: it may quote it."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"the mail server refused the password (status {error.smtp_code})"
        case smtplib.SMTPResponseException():
            return f"the mail server refused it (status {error.smtp_code})"
        case smtplib.SMTPRecipientsRefused():
            return "the mail server refused every address"
        case ssl.SSLCertVerificationError():
            return f"the mail server did not prove its name: {error.verify_message}"
        case smtplib.SMTPException():
            return f"the mail server did not take it: {type(error).__name__}"
        case _:
            return f"no answer from the mail server: {foreign_text(str(error))}"
