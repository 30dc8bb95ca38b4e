"""Where a person presses Save: handing out the click list, asking what is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from connectsync.backends.names import click_list
from connectsync.cli.commands import CommandPlace, quote_word
from connectsync.cli.options import (
    CLICK_LIST_PAGE,
    CLICK_LIST_PLAN,
    CLICK_LIST_TEXT,
    ManualSaves,
)
from connectsync.cli.session import Session
from connectsync.config.discovery import relative
from connectsync.config.project import Project
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_digest, plan_text
from connectsync.domain.settings import Form
from connectsync.errors import AwaitsPerson, NotConfirmed
from connectsync.files.writing import make_folder, replace_file
from connectsync.report.terminal import inert
from connectsync.values import dataclass, field, replace

ANSWERS = frozenset(["yes", "no", "skip"])
"""What a person may say of a save."""

DIGITS = 12
"""How much of a plan's digest names the folder of its click list."""


@dataclass(slots=True)
class ManualSaver:
    """
    Asks the person at the terminal, or takes what was given with ``--confirmed``.

    The click list is written before the first question, from the plan as it is
    ``shown``; the plan that is kept beside it is the one that was reviewed.
    """

    session: Session
    project: Project
    plan: Plan
    shown: Plan
    by_hand: ManualSaves
    _asked: Counter[str] = field(default_factory=Counter)

    def ready(self) -> None:
        """Make the folder of the click list. Raises ``UsageError``."""
        if self.plan.districts and not self.by_hand.confirmed:
            make_folder(self.folder)

    def confirm(self, key: str, desired: Form) -> str:
        """Give who says that this save is made. Raises ``NotConfirmed``."""
        del desired
        if key in self.by_hand.confirmed:
            return "a person, with --confirmed"
        if not self._asked:
            self._hand_out()
        match self._answer(self._question(key)):
            case "yes":
                return "a person at the terminal"
            case "no":
                raise NotConfirmed(
                    "not confirmed: a person said no, so it counts as not saved",
                    remedy="look at the form on Connect, then take a new snapshot",
                )
            case _:
                # kept with the run, which is read from other folders as well
                raise AwaitsPerson(
                    "not confirmed yet",
                    remedy="once it is done:"
                    f" `connectsync apply PLAN --confirmed {quote_word(key)}`",
                )

    def _answer(self, question: str) -> str | None:
        """Ask until it is an answer; nothing typed, or no one there, is a skip."""
        while True:
            answer = self.session.terminal.ask(question)
            if answer in {None, "", *ANSWERS}:
                return answer
            said = inert(answer or "")
            self.session.terminal.say(
                f"{said!r} is not an answer: type yes, no or skip"
            )

    def _question(self, key: str) -> str:
        self._asked[key] += 1
        planned = next(one for one in self.plan.districts if one.district == key)
        saves = len(planned.saves)
        which = f", save {self._asked[key]} of {saves}" if saves > 1 else ""
        return f"{key}{which}: done? yes/no/skip"

    def _hand_out(self) -> None:
        place = self.session.terminal.place
        place.plan = relative(self.folder / CLICK_LIST_PLAN, Path.cwd())
        for name, text in _files(self.plan, self.shown, place):
            replace_file(self.folder / name, text)
        if self.by_hand.folder is not None:
            # `runs` and `resume` name the plan later, and do not know the folder
            usual = _usual_folder(self.session, self.project, plan_digest(self.plan))
            make_folder(usual)
            replace_file(usual / CLICK_LIST_PLAN, plan_text(self.plan))
        shown = relative(self.folder / CLICK_LIST_PAGE, Path.cwd())
        self.session.terminal.complain(f"click list: {inert(shown)}")

    @property
    def folder(self) -> Path:
        """Where the click list goes: as told, or named after the plan."""
        if self.by_hand.folder is not None:
            return self.by_hand.folder
        return _usual_folder(self.session, self.project, plan_digest(self.plan))


def _usual_folder(session: Session, project: Project, digest: str) -> Path:
    """Give where the click list of a plan goes unless it is told otherwise."""
    name = digest.removeprefix("sha256:")[:DIGITS]
    return session.state(project) / "click-lists" / name


def name_kept_plan(session: Session, project: Project, digest: str) -> None:
    """Name the plan beside a run's click list in what is suggested, if it is there."""
    kept = _usual_folder(session, project, digest) / CLICK_LIST_PLAN
    if kept.is_file():
        session.terminal.place.plan = relative(kept, Path.cwd())


def _files(plan: Plan, shown: Plan, place: CommandPlace) -> Iterator[tuple[str, str]]:
    # most saves need no person, and templates take a while to load
    from connectsync.report.click_list import click_list_html, click_list_markdown

    clicks = replace(click_list(shown), plan=plan_digest(plan))
    yield CLICK_LIST_PAGE, place.complete_html(click_list_html(clicks))
    yield CLICK_LIST_TEXT, place.complete(click_list_markdown(clicks))
    yield CLICK_LIST_PLAN, plan_text(plan)
