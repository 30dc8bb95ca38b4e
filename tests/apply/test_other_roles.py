"""Other roles of the same PostgreSQL database, who may create things beside ours."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import postgres
import psycopg
import pytest
from begun_runs import CONFIRMED, DONE, INTENT, NOW, begun, claimed
from old_stores import made_old
from sqlalchemy import Engine, event, make_url
from stores import AT, Place

from connectsync.apply.state import database
from connectsync.apply.state.database import move_leases
from connectsync.apply.state.opening import _ONE_AT_A_TIME
from connectsync.apply.state.queries import StateReader
from connectsync.config.state_address import at_url
from connectsync.errors import StateError

PLAN = "sha256:1"

TABLES = """
CREATE TABLE audit (seq int PRIMARY KEY, at varchar(40) NOT NULL, runner text NOT NULL,
  action varchar(40) NOT NULL, kind varchar(40) NOT NULL, subject text NOT NULL,
  detail text NOT NULL, content varchar(80) NOT NULL,
  hash varchar(80) NOT NULL, run int);
CREATE TABLE audit_head (head int PRIMARY KEY, seq int NOT NULL, hash text NOT NULL);
CREATE TABLE leases (backend varchar(400), district varchar(200), token int NOT NULL,
  runner text NOT NULL, expires float8 NOT NULL, PRIMARY KEY (backend, district));
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0003');
INSERT INTO audit_head VALUES (1, 0, 'sha256:' || repeat('0', 64));
"""
"""A store as it is made, but by somebody else."""

PLANTED = """
DO $do$
DECLARE a text; b text; o text;
  kinds text[] := '{varchar,text,name,oid,regtype,regnamespace,regclass,"char",int4}';
BEGIN
  FOREACH a IN ARRAY kinds LOOP FOREACH b IN ARRAY kinds LOOP
    EXECUTE format('CREATE FUNCTION theirs(%1$s, %2$s) RETURNS bool LANGUAGE plpgsql'
      ' AS $f$BEGIN RAISE ''theirs ran: %1$s %2$s''; END$f$', a, b);
    FOREACH o IN ARRAY '{=,<>,>,~,||}'::text[] LOOP
      EXECUTE format('CREATE OPERATOR %s (leftarg=%s, rightarg=%s, function=theirs)',
        o, a, b);
    END LOOP;
  END LOOP; END LOOP;
END $do$;
CREATE FUNCTION pg_advisory_xact_lock(int) RETURNS void LANGUAGE plpgsql
  AS $$BEGIN RAISE 'theirs ran'; END$$;
"""
"""What fits the types of a statement better than what PostgreSQL has itself."""


@dataclass(frozen=True)
class Roles:
    """A database with a role that keeps the state, and one that may create things."""

    folder: Path
    url: str
    ours: str
    theirs: str

    def run(self, statement: str, role: str = "postgres") -> list[Any]:
        """Do something as a role."""
        address = at(self.url, role).replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    @property
    def name(self) -> str:
        return str(make_url(self.url).database)

    def place(self, role: str = "") -> Place:
        """Give the store as a role finds it."""
        return Place(self.folder, at_url(at(self.url, role or self.ours)))


def at(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)


@pytest.fixture
def roles(tmp_path: Path) -> Roles:
    mark = uuid.uuid4().hex[:8]
    made = Roles(tmp_path, postgres.database(), f"sync_{mark}", f"other_{mark}")
    for role in (made.ours, made.theirs):
        made.run(f"CREATE ROLE {role} LOGIN")
    # as in every database up to PostgreSQL 14, or upgraded from there
    made.run("GRANT CREATE ON SCHEMA public TO PUBLIC")
    return made


def entries(kept: Place) -> int:
    """Read the store; count its entries."""
    with kept.open() as store:
        return StateReader(store).audited().entries


def approved(kept: Place) -> bool:
    """Approve a plan; say whether it was news."""
    with kept.open() as store:
        return store.approve(PLAN, "ann", at=AT)


@pytest.mark.parametrize("as_superuser", [False, True])
def test_nothing_that_another_role_created_runs_with_our_rights(
    roles: Roles, *, as_superuser: bool
) -> None:
    if as_superuser:
        roles.run(f"ALTER ROLE {roles.ours} SUPERUSER")
    roles.run(PLANTED, roles.theirs)
    for _ in range(2):
        with roles.place().open() as store:
            run = begun(store, "lakeview")
            claim = claimed(store, run)
            row = store.intend(claim, INTENT, at=NOW)
            store.settle(claim, row, CONFIRMED, at=NOW)
            store.finish(claim, DONE, at=NOW)
            store.end(run, at=NOW)
            with store.changing() as connection:
                move_leases(connection, ["one"], "two")
            StateReader(store).audited()


def test_an_older_store_is_taken_over_past_what_another_role_created(
    roles: Roles,
) -> None:
    made_old(roles.place())
    roles.run(PLANTED, roles.theirs)
    with roles.place().open() as store:
        assert len(StateReader(store).runs()) == 1


def test_a_schema_called_like_our_role_does_not_stand_in_front_of_the_store(
    roles: Roles,
) -> None:
    theirs, ours = roles.theirs, roles.ours
    assert approved(roles.place())
    roles.run(f"GRANT CREATE ON DATABASE {roles.name} TO {theirs}")
    roles.run(f"CREATE SCHEMA {ours}; SET search_path = {ours}; {TABLES}", theirs)
    roles.run(f"GRANT USAGE ON SCHEMA {ours} TO {ours}", theirs)
    roles.run(f"GRANT ALL ON ALL TABLES IN SCHEMA {ours} TO {ours}", theirs)
    assert not approved(roles.place())
    roles.run("DROP TABLE audit, audit_head, leases, alembic_version")
    # nor where there is no store of ours yet
    assert approved(roles.place())
    assert roles.run("SELECT count(*) FROM public.audit") == [(1,)]


def test_tables_that_another_role_made_before_us_are_refused_by_name(
    roles: Roles,
) -> None:
    roles.run(f"{TABLES} GRANT ALL ON ALL TABLES IN SCHEMA public TO {roles.ours}")
    for table in ("audit", "audit_head", "leases", "alembic_version"):
        roles.run(f"ALTER TABLE {table} OWNER TO {roles.theirs}")
    named = f"table audit in the schema public .* another user, {roles.theirs}"
    with pytest.raises(StateError, match=named) as refused, roles.place().open():
        pass
    assert "GRANT" in refused.value.remedy
    # one of them is enough, also for a superuser
    roles.run(f"ALTER ROLE {roles.ours} SUPERUSER")
    for table in ("audit", "audit_head", "alembic_version"):
        roles.run(f"ALTER TABLE {table} OWNER TO {roles.ours}")
    with pytest.raises(StateError, match=r"table leases .* another user"):
        approved(roles.place())
    # where they keep the state for us, that is said by making us one of them
    roles.run(f"GRANT {roles.theirs} TO {roles.ours}")
    assert approved(roles.place())


def test_an_older_store_that_another_role_made_is_not_taken_over(roles: Roles) -> None:
    made_old(roles.place(roles.theirs))
    roles.run(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {roles.ours}")
    with pytest.raises(StateError, match=r"table journal .* another user"):
        approved(roles.place())
    assert roles.run("SELECT count(*) FROM runs") == [(1,)]


def test_a_table_that_another_role_makes_meanwhile_is_not_taken(
    roles: Roles,
) -> None:
    looks = iter(("when it is opened", "when it is made"))

    def make(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "AS appointed" in statement and next(looks) == "when it is made":
            roles.run("CREATE TABLE leases (expires float)", roles.theirs)

    event.listen(Engine, "after_cursor_execute", make)
    try:
        with pytest.raises(StateError, match="leases"):
            approved(roles.place())
    finally:
        event.remove(Engine, "after_cursor_execute", make)
    assert roles.run("SELECT to_regclass('public.audit')") == [(None,)]


def test_a_store_in_a_schema_of_our_own_is_found_as_before(roles: Roles) -> None:
    ours = roles.ours
    roles.run(f"CREATE SCHEMA {ours} AUTHORIZATION {ours}")
    roles.run(TABLES, ours)
    assert approved(roles.place())
    assert roles.run("SELECT to_regclass('public.audit')") == [(None,)]
    roles.run(f'ALTER SCHEMA {ours} RENAME TO "The State"')
    roles.run(f'ALTER ROLE {ours} SET search_path = "The State"')
    assert not approved(roles.place())
    # another role may read it there
    roles.run(f'ALTER ROLE {roles.theirs} SET search_path = "The State"')
    roles.run(
        f'GRANT USAGE ON SCHEMA "The State" TO {roles.theirs};'
        f' GRANT SELECT ON ALL TABLES IN SCHEMA "The State" TO {roles.theirs}'
    )
    assert entries(roles.place(roles.theirs)) == 1


def test_a_role_that_reads_believes_who_alone_may_make_tables_there(
    roles: Roles,
) -> None:
    assert approved(roles.place())
    roles.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {roles.theirs}")
    reader = roles.place(roles.theirs)
    with pytest.raises(StateError, match="another user") as refused:
        entries(reader)
    assert "REVOKE CREATE ON SCHEMA" in refused.value.remedy
    roles.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    with pytest.raises(StateError, match="another user"):
        entries(reader)
    roles.run(f"GRANT CREATE ON SCHEMA public TO {roles.ours}")
    assert entries(reader) == 1
    # a third role could have made them
    roles.run(f"CREATE ROLE third_{roles.name}")
    roles.run(f"GRANT CREATE ON SCHEMA public TO third_{roles.name}")
    with pytest.raises(StateError, match="another user"):
        entries(reader)


def test_a_database_without_a_schema_for_us_is_told_in_a_sentence(roles: Roles) -> None:
    roles.run("DROP SCHEMA public")
    with pytest.raises(StateError, match="no schema") as refused:
        approved(roles.place())
    assert "CREATE SCHEMA" in refused.value.remedy


def test_a_lock_of_another_role_is_not_waited_for_without_end(
    roles: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anyone who may connect can take the one that a new store is laid out under."""
    monkeypatch.setattr(database, "WAIT_SECONDS", 1)
    held = at(roles.url, roles.theirs).replace("+psycopg", "")
    with psycopg.connect(held) as connection:
        connection.execute(f"SELECT pg_advisory_lock({_ONE_AT_A_TIME})".encode())
        with pytest.raises(StateError) as refused, roles.place().open():
            pass
    assert "another session holds its lock" in refused.value.message
    assert "pg_stat_activity" in (refused.value.remedy or "")
    assert approved(roles.place())
