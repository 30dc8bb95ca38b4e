"""How a backend is put together: what a run shares, tokens by reference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from console import Console

from connectsync.backends.browser.session import browser_of
from connectsync.cli.backend_setup import BackendSetup, patience_of, website
from connectsync.cli.session import Session
from connectsync.cli.terminal import Terminal
from connectsync.domain.district import Credentials, District
from connectsync.errors import Bug, ProjectError


@pytest.fixture
def session(tmp_path: Path) -> Session:
    terminal = Terminal(colour=False, width=80, quiet=True)
    environment = {"BAY_TOKEN": "s3cret"}
    return Session(terminal, environment, tmp_path, None, None)


def test_everything_of_a_run_shares_one_browser_and_waits_within_one_budget(
    session: Session,
) -> None:
    site = website(session, session.project(), "https://connect.example")
    other = website(session, session.project(), "https://other.example")
    one = browser_of(session.shared, site, patience_of(session))
    assert browser_of(session.shared, site, patience_of(session)) is one
    assert browser_of(session.shared, other, patience_of(session)) is not one
    assert one.patience is patience_of(session) is session.shared["patience"]


def test_what_a_run_shares_is_not_mistaken_for_something_else(
    session: Session,
) -> None:
    site = website(session, session.project(), "https://connect.example")
    session.shared[site.described] = "a stray"
    with pytest.raises(Bug):
        browser_of(session.shared, site, patience_of(session))
    session.shared["patience"] = "a stray"
    with pytest.raises(Bug):
        patience_of(session)


def test_a_token_is_found_by_the_reference_of_its_district_alone(
    session: Session,
) -> None:
    districts = (
        District("bay", "Bay", credentials=Credentials(None, "env:BAY_TOKEN")),
        District("elm", "Elm", credentials=Credentials(None, "env:ELM_TOKEN")),
        District("oak", "Oak"),
    )
    setup = BackendSetup(session, session.project(), districts, "")
    assert setup.token("bay") == "s3cret"
    assert setup.token("oak") is None
    assert setup.token("nowhere") is None
    with pytest.raises(ProjectError, match="env:ELM_TOKEN gives no token"):
        setup.token("elm")


def test_a_seed_that_the_form_does_not_accept_leaves_no_store(valley: Console) -> None:
    """Left half-made, it would be a Connect on which every form is blank."""
    seed = valley.folder / "live.json"
    text = seed.read_text("utf-8")
    data = json.loads(text)
    data["districts"][-1]["settings"]["phone_types"] = ["Cell", "Home"]
    seed.write_text(json.dumps(data), "utf-8")
    for _ in range(2):
        said = valley.run("plan")
        assert (said.status, said.out) == (1, "")
        assert "the embedded Connect cannot begin with live.json" in said.err
        assert "backends.embedded.seed" in said.err
    seed.write_text(text, "utf-8")
    assert "deletion_threshold     45 → 15" in valley.run("plan").out
