"""
A plan as data for the script of its page.

Numbers stand for texts, settings, risks and guards; ``_district`` says which. Names
and keys are inert texts of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectsync.domain.drift import DistrictDrift, MovedBy, Movement
from connectsync.domain.finding import GuardFinding
from connectsync.domain.plan import (
    DistrictPlan,
    DistrictStanding,
    Member,
    NotCounted,
    NotPlanned,
    PageSection,
    PlannedChange,
    PlanReview,
    Save,
    group_of,
    only_left_alone,
    standing_of,
)
from connectsync.domain.schedule import Turn
from connectsync.domain.settings import BY_NAME, SETTINGS, Add, Form, Remove, Set, spell
from connectsync.providers.form import Risk, Value
from connectsync.report.html import TextTable, findings_data
from connectsync.report.many_districts import roster_text, token_text, told_moves
from connectsync.report.terminal import inert
from connectsync.values import dataclass, field

_NUMBER = {setting.name: number for number, setting in enumerate(SETTINGS)}
_RISKS = tuple(Risk)
_STANDINGS = tuple(DistrictStanding)
_MOVED = tuple(MovedBy)


def plan_page_data(review: PlanReview) -> dict[str, Any]:
    """Give what the page's lists are made of, those that need a look first."""
    texts = TextTable()
    plan = review.plan
    left = {one.district: one.movements for one in plan.left_alone}
    rows = _PlanRows(review, texts, _by_district(plan.guards), left)
    data = {
        "risks": list(_RISKS),
        "standings": list(_STANDINGS),
        "moved": list(_MOVED),
        "waves": texts.numbers(review.waves),
        "page": [_section(section, texts) for section in review.page],
        "partial": plan.partial,
        "guards": [_guard(guard, texts) for guard in plan.guards],
        "districts": sorted(rows.all(), key=_attention),
        **findings_data(review.findings, texts, review.folder),
    }
    return data | {"texts": texts.all()}


def _by_district(guards: Sequence[GuardFinding]) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for number, guard in enumerate(guards):
        if guard.district:
            found[guard.district].append(number)
    return found


def _attention(row: Mapping[str, Any]) -> tuple[int, int, str]:
    return row["standing"], -row.get("worst", 0), row["key"]


def _section(section: PageSection, texts: TextTable) -> dict[str, Any]:
    return {
        "title": texts.number(section.title),
        "fields": [
            [_NUMBER.get(field.setting, -1), texts.number(field.label)]
            + (_kind(field.setting, texts) if field.setting else [])
            for field in section.fields
        ],
    }


def _kind(name: str, texts: TextTable) -> list[Any]:
    setting = BY_NAME[name]
    return [
        texts.number(name),
        setting.kind.value,
        texts.numbers(setting.labels),
    ]


def _guard(guard: GuardFinding, texts: TextTable) -> list[int]:
    return texts.numbers(
        [guard.severity, guard.rule, guard.message, guard.hint, guard.accept]
    )


@dataclass(frozen=True, slots=True)
class _PlanRows:
    review: PlanReview
    texts: TextTable
    guards: Mapping[str, Sequence[int]]
    left: Mapping[str, Sequence[Movement]]
    values: dict[Value, Any] = field(default_factory=dict)
    changes: dict[int, list[Any]] = field(default_factory=dict)
    """What was told before: districts have most in common."""

    def all(self) -> Iterator[dict[str, Any]]:
        plan = self.review.plan
        yield from map(self._changing, plan.districts)
        yield from map(self._unread, plan.failed)
        yield from map(self._left_alone, only_left_alone(plan))
        for key in plan.in_step:
            yield self._district(self.review.member(key), DistrictStanding.IN_STEP)

    def _district(self, member: Member, standing: DistrictStanding) -> dict[str, Any]:
        """Give what is known of any district; what is empty is left out."""
        group = group_of(member.file, self.review.folder)
        stated = {
            "file": inert(member.file),
            "group": group and self.texts.number(group),
            "wave": member.wave and self.texts.number(member.wave),
            "profiles": self.texts.numbers(member.profiles),
            "guards": self.guards.get(member.key, []),
        }
        return {
            "key": inert(member.key),
            "name": inert(member.name),
            "standing": _STANDINGS.index(standing),
        } | {name: value for name, value in stated.items() if value not in ("", [])}

    def _unread(self, failed: NotPlanned) -> dict[str, Any]:
        member = self.review.member(failed.district, file=failed.file)
        said = {"message": failed.message, "remedy": failed.remedy}
        return self._district(member, DistrictStanding.NOT_READ) | {
            name: self.texts.number(text) for name, text in said.items() if text
        }

    def _left_alone(self, left: DistrictDrift) -> dict[str, Any]:
        member = self.review.member(left.district, file=left.file)
        told = {"message": self.texts.number(left.error)} if left.error else {}
        moved = {"left": [self._movement(move) for move in left.movements]}
        return self._district(member, DistrictStanding.LEFT_ALONE) | moved | told

    def _changing(self, planned: DistrictPlan) -> dict[str, Any]:
        member = self.review.member(
            planned.district, name=planned.name, file=planned.file
        )
        risks = [_RISKS.index(one.risk) for one in planned.changes()]
        return (
            self._district(member, standing_of(planned))
            | {
                "worst": max(risks, default=0),
                "read": self.texts.number(f"{planned.read_at:%Y-%m-%d %H:%M %Z}"),
                "version": inert(planned.live_version),
                "live": self._form(planned.live),
                "managed": [_NUMBER[name] for name in planned.desired],
                "saves": [self._save(save) for save in planned.saves],
                "drift": [self._movement(move) for move in planned.drift],
                "left": [
                    self._movement(move) for move in self.left.get(planned.district, ())
                ],
            }
            | self._turns(planned.turns)
            | self._impact(planned)
            | self._token(planned)
        )

    def _impact(self, planned: DistrictPlan) -> dict[str, Any]:
        """Give which roster was counted, and what moves by setting; -1 is for all."""
        impact = planned.impact
        if impact is None:
            return {}
        told = {"roster": self.texts.number(roster_text(impact))}
        if isinstance(impact, NotCounted):
            return told
        parts = [
            (_NUMBER[one.setting], one.before, one.after) for one in impact.settings
        ]
        parts += [(-1, impact.before, impact.after)] if len(parts) > 1 else []
        moves = ((number, told_moves([(old, new)])) for number, old, new in parts)
        reached = [[number, *map(self.texts.numbers, moved)] for number, moved in moves]
        return told | {"reached": reached}

    def _token(self, planned: DistrictPlan) -> dict[str, Any]:
        """Say which token is typed, if one is."""
        if not planned.set_token:
            return {}
        return {"typed": self.texts.number(token_text(planned))}

    def _turns(self, turns: Iterable[Turn]) -> dict[str, Any]:
        told = [[_NUMBER[one.setting], self.texts.number(str(one))] for one in turns]
        return {"turns": told} if told else {}

    def _form(self, form: Form) -> list[Any]:
        return [
            self._value(form[setting.name]) if setting.name in form else None
            for setting in SETTINGS
        ]

    def _value(self, value: Value) -> Any:
        """Give a box as it is, labels as a list of texts, and the rest as a text."""
        if isinstance(value, bool):
            return value
        if value not in self.values:
            self.values[value] = (
                self.texts.numbers(sorted(value))
                if isinstance(value, frozenset)
                else self.texts.number(spell(value))
            )
        return self.values[value]

    def _save(self, save: Save) -> dict[str, Any]:
        # equal changes of one plan are mostly one value
        for one in save.changes:
            if id(one) not in self.changes:
                self.changes[id(one)] = self._change(one)
        changes = [self.changes[id(one)] for one in save.changes]
        return {"changes": changes} | ({"token": 1} if save.set_token else {})

    def _change(self, planned: PlannedChange) -> list[Any]:
        """Give setting, risk, what it does, and then what is ticked or set."""
        change = planned.change
        head = [
            _NUMBER[change.setting],
            _RISKS.index(planned.risk),
            self.texts.number(planned.effect),
        ]
        match change:
            case Add(_, label):
                return [*head, "add", self.texts.number(label)]
            case Remove(_, label):
                return [*head, "remove", self.texts.number(label)]
            case Set(_, before, after):
                return [*head, "set", self._value(before), self._value(after)]

    def _movement(self, move: Movement) -> list[int]:
        said = (spell(move.baseline), spell(move.live), spell(move.desired))
        return [
            _NUMBER[move.setting],
            _MOVED.index(move.who),
            *self.texts.numbers(said),
        ]
