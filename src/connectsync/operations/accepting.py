"""Accepting: who has to say yes to a plan, and to what guards hold against it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from connectsync.domain.guard import (
    Unaccepted,
    acceptance,
    closing,
    needed,
    unaccepted,
)
from connectsync.domain.plan import Plan
from connectsync.domain.policy import Approval, Policy
from connectsync.domain.risk import Risk
from connectsync.domain.visible import looks
from connectsync.errors import GuardRefused, NotApproved

LONGEST_REASON = 500
"""Characters of a reason: it is kept with the run for people to read."""


def insist_accepted(
    plan: Plan, accepted: Mapping[str, int], reasons: Mapping[str, str]
) -> None:
    """
    Refuse a plan with guards that were not accepted, or accepted wrongly.

    What is counted needs its exact number under its name; what is about the hour needs
    a reason. Accepting what the plan does not hold is refused too: somebody read
    another plan. Raises ``GuardRefused``.
    """
    whys = {one.accept: one.message for one in plan.guards}
    hours = {name: whys[name] for name in closing(plan.guards)}
    counted = needed(plan.guards)
    said = [_miscounted(one, hours) for one in unaccepted(plan.guards, accepted)]
    said += _unreasoned(hours, reasons)
    said += [_unasked(name, counted) for name in sorted(reasons.keys() - hours.keys())]
    if said:
        flags = acceptance(plan.guards)
        raise GuardRefused(
            "the plan is refused:",
            below=(f"  {one}" for one in said),
            remedy=f"read the plan; if you mean it, add {flags}"
            if flags
            else "leave out what this plan does not need",
        )


def _miscounted(missing: Unaccepted, hours: Collection[str]) -> str:
    if missing.name in hours:
        return f"{missing.name}: override it with a reason, not a number"
    holds = f"{missing.name}: the plan holds {missing.needed}"
    if missing.given is None:
        return f"{holds}, none was accepted"
    were = "was" if missing.given == 1 else "were"
    return f"{holds}, {missing.given} {were} accepted"


def _unreasoned(hours: Mapping[str, str], reasons: Mapping[str, str]) -> Iterator[str]:
    for name, why in hours.items():
        if complaint := _complaint(reasons.get(name)):
            yield f"{name}: {complaint} ({why})"


def _complaint(reason: str | None) -> str:
    """Say what is wrong with a reason; empty where nothing is."""
    if reason is None:
        return "it needs a reason to be overridden"
    if not reason.strip():
        return "the reason is blank"
    if len(reason) > LONGEST_REASON:
        return f"the reason has {len(reason)} characters, more than {LONGEST_REASON}"
    return ""


def _unasked(name: str, counted: Mapping[str, int]) -> str:
    if name in counted:
        return f"{name}: accept it by number, not with a reason"
    return f"{name}: there is nothing to override in this plan"


def insist_approved(
    plan: Plan,
    digest: str,
    policy: Policy,
    approved: Iterable[str],
    given_digest: str | None,
) -> None:
    """
    Refuse a plan that too few people approved.

    ``plan`` has the risks that `guarded` took afresh, ``digest`` is that of the plan
    as it was reviewed, and ``approved`` are the names that approved it; one that comes
    twice counts once. Whoever gives the digest says that it was approved elsewhere: a
    digest of another plan is refused, even where nobody has to approve. Raises
    ``NotApproved``.
    """
    if given_digest is not None:
        if given_digest.strip() != digest:
            raise NotApproved(
                f"another plan was approved: {given_digest!r} was given, and the"
                f" digest of this plan is {digest}",
                remedy="apply the plan that was reviewed, or have this one reviewed",
            )
        return
    approval = policy.approval
    missing = needed_names(plan, policy) - len(_people(approved))
    if missing > 0:
        raise NotApproved(
            f"the plan is not approved: {missing} of {approval.names} approvals"
            f" {'are' if missing > 1 else 'is'} missing",
            remedy="have its file approved with `connectsync approve PLAN --as NAME`,"
            " or give the digest that was approved elsewhere: `connectsync apply PLAN"
            " --approved DIGEST`",
        )


def needed_names(plan: Plan, policy: Policy) -> int:
    """Say how many people have to say yes to a plan."""
    return policy.approval.names if _asked(plan, policy.approval) else 0


def _people(names: Iterable[str]) -> frozenset[str]:
    # two names that look alike are one person, as far as anyone can see
    return frozenset(looks(name) for name in names) - {""}


def _asked(plan: Plan, approval: Approval) -> bool:
    """Say whether a change is risky enough that people are asked."""
    order = list(Risk)
    from_here = frozenset(order[order.index(approval.at) :])
    # a token opens a roster, and no form tells what it was: that is never safe
    typed = any(planned.set_token for planned in plan.districts)
    return typed or any(plan.risks()[risk] for risk in from_here)
