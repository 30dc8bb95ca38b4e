"""The state is in the file or database that was named, and reached safely."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import SimpleNamespace

import postgres
import psycopg
import pytest
from postgres_over_network import NAME, certificates, impostor, repeating, served
from sqlalchemy.dialects.postgresql.psycopg import dialect as postgresql_dialect
from sqlalchemy.engine import make_url

from connectsync.apply.state.opening import FILE, open_store
from connectsync.config.state_address import at_url
from connectsync.errors import StateError

FOLDERS = (
    "what?a",
    "what?b",
    "100%",
    "team%2Fbranch",
    "team%2Fother",
    "a#1",
    "a#2",
    "a b ",
    "Schülerverwaltung",
    "学区",
    "file:x?mode=memory",
    ":memory:",
    "back\\slash",
    "a&b=c;d",
    "quo\"te's",
    "new\nline",
)


@pytest.mark.timeout(120)
def test_an_address_without_end_is_refused_before_it_is_taken_apart() -> None:
    with pytest.raises(StateError, match="more than 4,000 characters"):
        at_url(f"postgresql://u:{'@h/' * 1_000_000}#")


def opening(port: int, folder: Path) -> str:
    """Open a store on a port of this machine; give what the error says."""
    address = at_url(f"postgresql://u@127.0.0.1:{port}/db?sslmode=disable")
    with pytest.raises(StateError) as refused, open_store(folder, address):
        pass
    return refused.value.message


def test_a_server_that_speaks_as_postgresql_and_is_none_is_told_in_a_sentence(
    tmp_path: Path,
) -> None:
    with impostor(b"Cockroach 25") as port:
        assert "does not answer as PostgreSQL does" in opening(port, tmp_path)


def test_a_server_that_says_nothing_once_it_let_us_in_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectsync.config.state_connection.ANSWER_SECONDS", 0.5)
    with impostor(None) as port:
        assert "gave no answer in 0 seconds" in opening(port, tmp_path)


def test_a_server_that_let_us_down_once_is_not_waited_for_as_long_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectsync.config.state_connection.ANSWER_SECONDS", 1.0)
    monkeypatch.setattr("connectsync.config.state_connection.AGAIN_SECONDS", 0.1)
    with impostor(None) as port, impostor(None) as other:
        assert "in 1 seconds" in opening(port, tmp_path)
        assert "in 0 seconds" in opening(port, tmp_path)
        assert "in 1 seconds" in opening(other, tmp_path)


@pytest.mark.timeout(60)
def test_a_server_whose_answer_has_no_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectsync.config.state_connection.MOST_MEMORY", 32 << 20)
    with impostor(b"", endless=True) as port:
        assert "more than 32 MiB of memory" in opening(port, tmp_path)


@pytest.mark.parametrize(
    "address",
    ["a,b,c,d,e/db", "u@/db?host=a,b,c,d,e", "h/db?hostaddr=::1,::2,::3,::4,::5"],
)
def test_an_address_names_a_few_servers_at_most(address: str) -> None:
    with pytest.raises(StateError, match="more than 4 hosts"):
        at_url(f"postgresql://{address}")


def test_the_state_lies_in_its_folder_whatever_the_folder_is_called(
    tmp_path: Path,
) -> None:
    for name in FOLDERS:
        with open_store(tmp_path / name):
            pass
        assert (tmp_path / name / FILE).is_file(), name
    assert {one.name for one in tmp_path.iterdir()} == set(FOLDERS)


SECRETS = (
    "p@ss-w0rd",
    "sl/ash?1#x",
    "tail@",
    "100%",
    "a:b:c",
    "p%41 ss",
    "ünï@cøde",
    "&=+;",
)


@pytest.mark.parametrize("password", SECRETS)
def test_a_password_may_hold_any_sign(password: str) -> None:
    address = at_url(f"postgresql://ada:{password}@db/state?sslmode=disable")
    assert (address.url.host, address.url.query["host"]) == (None, "db")
    assert address.url.username == "ada"
    assert address.url.password in {password, "pA ss"}
    assert address.shown == "postgresql://ada:***@db/state"


@pytest.mark.parametrize("password", ["p@ss-w0rd", "sl/ash", "hash#tag", "per%25cent"])
def test_a_server_gets_the_password_as_it_was_meant(password: str) -> None:
    with psycopg.connect(postgres.server(), autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS ada")
        connection.execute("CREATE ROLE ada LOGIN SUPERUSER")
    stated = make_url(postgres.database()).query
    query = "&".join(f"{name}={stated[name]}" for name in ("host", "requirepeer"))
    address = at_url(f"postgresql://ada:{password}@/postgres?{query}")
    meant = password.replace("%25", "%")
    assert address.url.password == meant
    assert "verify-full" not in str(address.url)


@pytest.mark.parametrize(
    ("url", "query"),
    [
        (
            "postgresql://a@one:5432,two:5433/state?target_session_attrs=read-write",
            {"host": "one,two", "port": "5432,5433"},
        ),
        ("postgresql://a@[::1]:5432/state", {"host": "::1", "port": "5432"}),
        ("postgresql://db/state?host=one&host=two", {"host": "one,two"}),
    ],
)
def test_several_servers_may_be_named(url: str, query: dict[str, str]) -> None:
    assert query.items() <= at_url(url).url.query.items()


def refusal_of(url: str) -> str:
    with pytest.raises(StateError) as refused:
        at_url(url)
    return f"{refused.value.message} {refused.value.remedy}"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:hush-hush-1@db:port/state",
        "postgresql://ada:hush@x/hush-hush-1@db/state",
        "postgresql://ada:hush@x?hush-hush-1@db/state",
        "postgresql://ada:hush@x/y?hush-hush-1#@db/state",
        "postgresql://ada:hush@x/y?hush-hush-1=2",
        "postgresql://ada:hush-hush-1",
        "sqlite:////var/hush-hush-1",
        "hush-hush-1",
        "",
    ],
)
def test_an_address_that_is_none_is_refused_unseen(url: str) -> None:
    assert "hush" not in refusal_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db:5432/state?user=ada&password=hush@hush-hush-1",
        "postgresql://one:5432,two:5433/state?password=hush@hush-hush-1",
        "postgresql://[::1]/state?password=hush@hush-hush-1&user=ada",
        "postgresql://db:5432?pass%77ord=hush@hush-hush-1",
    ],
)
def test_no_end_of_a_password_is_taken_for_the_host(url: str) -> None:
    """Its name would be asked of whoever knows names, in clear."""
    said = refusal_of(url)
    assert "write @ as %40" in said
    assert "hush" not in said


NEAR = (
    "postgresql:///state",
    "postgresql:///state?host=/run/postgresql",
    "postgresql://localhost/state",
    "postgresql://127.0.0.1,[::1]/state",
)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example.org/state",
        "postgresql://10.0.0.1/state",
        "postgresql://localhost,db.example.org/state",
        "postgresql:///state?host=db.example.org",
        "postgresql://localhost/state?hostaddr=10.0.0.1",
        "postgresql:///state?service=ours",
    ],
)
def test_over_a_network_the_server_has_to_prove_who_it_is(url: str) -> None:
    assert at_url(url).url.query["sslmode"] == "verify-full"


def test_a_server_whose_name_is_not_found_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    address = at_url("postgresql://u:hush-hush@db.example.org/state")
    with pytest.raises(StateError) as refused, open_store(tmp_path, address):
        pass
    assert "db.example.org" in refused.value.message
    assert "hush" not in refused.value.message


@pytest.mark.parametrize(
    ("url", "demanded"),
    [
        ("postgresql://db.example.org/state", "disable"),
        ("postgresql://db.example.org/state?sslmode=require", "disable"),
        ("postgresql://db.example.org/state?sslmode=disable", None),
        ("postgresql://db.example.org/state?gssencmode=require", "require"),
        ("postgresql://localhost/state", None),
    ],
)
def test_no_tickets_of_kerberos_take_the_place_of_tls(
    url: str, demanded: str | None
) -> None:
    """Another user may lay some in /tmp: libpq would ask for no certificate."""
    address = at_url(url, {"PGGSSENCMODE": "prefer"})
    assert address.url.query.get("gssencmode") == demanded


@pytest.mark.parametrize("url", NEAR)
def test_on_this_machine_nothing_has_to_be_proven(url: str) -> None:
    assert "sslmode" not in at_url(url).url.query


@pytest.mark.parametrize("url", NEAR)
def test_a_password_goes_in_clear_to_no_server_on_this_machine(url: str) -> None:
    """Another user may listen in its place."""
    assert at_url(url).url.query["require_auth"] == "!password"
    more = "&" if "?" in url else "?"
    stated = at_url(f"{url}{more}require_auth=scram-sha-256")
    assert stated.url.query["require_auth"] == "scram-sha-256"


def test_no_password_is_sent_to_whoever_asks_for_it_on_this_machine(
    tmp_path: Path,
) -> None:
    with impostor(b"PostgreSQL 17.0", asks_in_clear=True) as port:
        there = f"127.0.0.1:{port}/db?sslmode=disable"
        address = at_url(f"postgresql://u:hush-hush@{there}")
        with pytest.raises(StateError) as refused, open_store(tmp_path, address):
            pass
    assert "method requirement" in refused.value.message


KNOWN: tuple[tuple[str, dict[str, str]], ...] = (
    ("postgresql://ada:hush-hush@127.0.0.1/state", {}),
    ("postgresql://ada:hush-hush@localhost,[::1]/state", {}),
    ("postgresql://ada@localhost/state?password=hush-hush", {}),
    ("postgresql://ada@localhost/state", {"PGPASSWORD": "hush-hush"}),
    ("postgresql:///state", {"PGHOST": "127.0.0.1", "PGPASSWORD": "hush-hush"}),
    ("postgresql:///state?hostaddr=127.0.0.1", {"PGPASSWORD": "hush-hush"}),
    ("postgresql://ada:hush-hush@/state?host=%40abstract", {}),
    # this machine as well, and it is reached there
    ("postgresql://ada:hush-hush@LOCALHOST/state", {}),
    ("postgresql://ada:hush-hush@127.1/state", {}),
    ("postgresql://ada:hush-hush@0.0.0.0,[::]/state", {}),
    ("postgresql://ada:hush-hush@2130706433,0x7f.1/state", {}),
    ("postgresql://ada:hush-hush@[::ffff:127.0.0.1]/state", {}),
)


@pytest.mark.parametrize(("url", "told"), KNOWN)
def test_a_server_with_a_password_proves_on_this_machine_that_it_knows_it(
    url: str, told: dict[str, str]
) -> None:
    """Any user may listen on its port while it is down."""
    assert at_url(url, told).url.query["require_auth"] == "scram-sha-256"
    more = "&" if "?" in url else "?"
    for stated in ("md5", "none", "scram-sha-256"):
        otherwise = at_url(f"{url}{more}require_auth={stated}", told)
        assert otherwise.url.query["require_auth"] == stated
    proven = at_url(f"{url}{more}sslmode=verify-full", told)
    assert proven.url.query["require_auth"] == "!password"


@pytest.mark.parametrize(
    ("line", "proven"),
    [
        ("localhost:*:*:ada:hush-hush", True),
        ("*:5432:*:ada:hush-hush", True),
        ("db.example.org:5432:*:ada:hush-hush", False),
        ("", False),
    ],
)
def test_a_password_from_a_file_is_one(
    tmp_path: Path, line: str, *, proven: bool
) -> None:
    (tmp_path / ".pgpass").write_text(f"# ours\n{line}\n")
    told = {"HOME": str(tmp_path)}
    wanted = "scram-sha-256" if proven else "!password"
    query = at_url("postgresql://ada@localhost/state", told).url.query
    assert query["require_auth"] == wanted


@pytest.mark.parametrize("told", [{}, {"HOME": ""}])
def test_a_password_from_a_file_is_found_where_no_home_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, str]
) -> None:
    """A service or a container may have none; libpq then asks who the user is."""
    (tmp_path / ".pgpass").write_text("localhost:*:*:ada:hush-hush\n")
    monkeypatch.setenv("HOME", "")
    user = SimpleNamespace(pw_dir=str(tmp_path))
    monkeypatch.setattr("pwd.getpwuid", lambda _: user)
    query = at_url("postgresql://ada@localhost/state", told).url.query
    assert query["require_auth"] == "scram-sha-256"
    # nor is it sent to the place of another server
    with pytest.raises(StateError, match="another place, hostaddr"):
        at_url("postgresql://ada@localhost/state?hostaddr=10.0.0.1", told)


def test_a_server_that_lets_all_in_is_not_taken_for_one_that_knows_the_password(
    tmp_path: Path,
) -> None:
    with impostor(b"PostgreSQL 17.0") as port:
        there = f"u:hush-hush@127.0.0.1:{port}/db?sslmode=disable"
        address = at_url(f"postgresql://{there}")
        with pytest.raises(StateError) as refused, open_store(tmp_path, address):
            pass
        assert "method requirement" in refused.value.message
        assert "?require_auth=md5" in refused.value.remedy
        # where that is meant, it gets as far as before
        address = at_url(f"postgresql://{there}&require_auth=none")
        with pytest.raises(StateError) as refused, open_store(tmp_path, address):
            pass
        assert "method requirement" not in refused.value.message


def test_a_real_server_that_asks_by_scram_is_used(tmp_path: Path) -> None:
    kept = postgres.database()
    with psycopg.connect(postgres.server(), autocommit=True) as connection:
        (rules,) = connection.execute("SHOW hba_file").fetchone() or ("",)
        connection.execute("DROP ROLE IF EXISTS scram")
        connection.execute("CREATE ROLE scram LOGIN SUPERUSER PASSWORD 'hush-hush'")
    before = Path(rules).read_text("utf-8")
    name = kept.partition("?")[0].rpartition("/")[2]
    try:
        Path(rules).write_text(f"local all scram scram-sha-256\n{before}", "utf-8")
        with psycopg.connect(postgres.server(), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
        with served(postgres.server(), None) as port:
            address = at_url(f"postgresql://scram:hush-hush@127.0.0.1:{port}/{name}")
            assert address.url.query["require_auth"] == "scram-sha-256"
            with open_store(tmp_path, address):
                pass
    finally:
        Path(rules).write_text(before, "utf-8")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="gives files away")
def test_a_socket_that_another_user_put_in_a_folder_for_all_is_refused(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o1777)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / ".s.PGSQL.5432"))
        url = f"postgresql:///state?host={tmp_path}"
        ours = at_url(url).url.query
        assert ours["requirepeer"] == "root"
        os.chown(tmp_path / ".s.PGSQL.5432", 65534, 65534)
        with pytest.raises(StateError, match="belongs to another user") as refused:
            at_url(url)
        assert "?requirepeer=" in refused.value.remedy
        assert at_url(f"{url}&requirepeer=nobody").url.query["requirepeer"] == "nobody"
        # in a folder of its own user no one else can put one
        tmp_path.chmod(0o755)
        assert "requirepeer" not in at_url(url).url.query


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="gives files away")
def test_each_socket_of_several_ports_is_looked_at(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / ".s.PGSQL.5433"))
        os.chown(tmp_path / ".s.PGSQL.5433", 65534, 65534)
        for url in (
            f"postgresql:///state?host={tmp_path},{tmp_path}&port=5432,5433",
            f"postgresql:///state?host={tmp_path}&host={tmp_path}&port=5432&port=5433",
            f"postgresql:///state?host={tmp_path}&port=5433",
        ):
            with pytest.raises(StateError, match="belongs to another user"):
                at_url(url)
        with pytest.raises(StateError, match="belongs to another user"):
            at_url(f"postgresql:///state?host={tmp_path}", {"PGPORT": "5433"})


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="gives files away")
def test_a_socket_that_is_not_there_yet_is_to_be_the_servers(tmp_path: Path) -> None:
    """Another user may put it there before we connect, or the folder with it."""
    tmp_path.chmod(0o1777)
    for folder in (tmp_path, tmp_path / "gone"):
        url = f"postgresql:///state?host={folder}"
        assert at_url(url).url.query["requirepeer"] == "postgres"
    theirs = tmp_path / "run"
    theirs.mkdir(mode=0o755)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(theirs / ".s.PGSQL.5432"))
        for path in (theirs / ".s.PGSQL.5432", theirs):
            os.chown(path, 65534, 65534)
        with pytest.raises(StateError, match="belongs to another user"):
            at_url(f"postgresql:///state?host={theirs}")


def test_the_environment_does_not_weaken_it() -> None:
    told = {"PGHOST": "db.example.org", "PGSSLMODE": "disable"}
    assert at_url("postgresql:///state", told).url.query["sslmode"] == "verify-full"


def test_the_address_itself_may_say_otherwise() -> None:
    stated = at_url("postgresql://db.example.org/state?sslmode=require")
    assert stated.url.query["sslmode"] == "require"


def reached(folder: Path, port: int, more: str = "") -> bool:
    """Reach the real server by a name of a network, and use it."""
    name = postgres.database().partition("?")[0].rpartition("/")[2]
    address = at_url(
        f"postgresql://postgres@{NAME}:{port}/{name}?hostaddr=127.0.0.1{more}"
    )
    with open_store(folder, address):
        return True


def test_a_server_without_tls_is_refused(tmp_path: Path) -> None:
    with (
        served(postgres.server(), None) as port,
        pytest.raises(StateError, match="SSL") as refused,
    ):
        reached(tmp_path, port)
    assert "must speak TLS and prove its name" in refused.value.remedy


def test_a_server_that_anybody_may_have_put_there_is_refused(tmp_path: Path) -> None:
    with (
        served(postgres.server(), certificates(tmp_path)) as port,
        pytest.raises(StateError, match="certificate"),
    ):
        reached(tmp_path, port)


def test_a_server_with_the_name_of_another_is_refused(tmp_path: Path) -> None:
    other = certificates(tmp_path, "other.example.org")
    with (
        served(postgres.server(), other) as port,
        pytest.raises(StateError, match="certificate"),
    ):
        reached(tmp_path, port, f"&sslrootcert={other.certificate}")


def test_a_server_that_proves_its_name_is_used(tmp_path: Path) -> None:
    ours = certificates(tmp_path)
    with served(postgres.server(), ours) as port:
        assert reached(tmp_path, port, f"&sslrootcert={ours.certificate}")


def test_a_server_nobody_verified_is_used_where_the_address_says_so(
    tmp_path: Path,
) -> None:
    with served(postgres.server(), None) as port:
        assert reached(tmp_path, port, "&sslmode=disable")


@pytest.mark.parametrize(
    "option",
    [
        "sslkey=./engine.so:key",
        "sslkey=/srv/project/engine.so:key",
        "sslkey=pkcs11:object=key",
        "sslkeylogfile=/srv/keys.log",
        "plugin=theirs",
        "servicefile=theirs.conf",
        "gsslib=gssapi",
        "oauth_issuer=https://example.org",
        "options=-csearch_path=theirs",
    ],
)
def test_no_option_of_an_address_runs_or_writes_anything(option: str) -> None:
    with pytest.raises(StateError, match="address of the state store") as refused:
        at_url(f"postgresql://ada@127.0.0.1/state?sslmode=require&{option}")
    assert option.partition("=")[0] in refused.value.message


@pytest.mark.parametrize(
    "named", ["?host=127.0.0.1,::1&port=1,2,3", "?port=1,2", "?host=one&port=x"]
)
def test_ports_that_do_not_pair_with_hosts_are_told_in_a_sentence(named: str) -> None:
    with pytest.raises(StateError, match="does not name one port for each host"):
        at_url(f"postgresql:///state{named}")


KEPT = "hush-4471-Kw9q"
"""A password that libpq finds by itself."""


def kept_for(host: str, folder: Path) -> dict[str, dict[str, str]]:
    """Keep the password of a host in every place; give what tells libpq of each."""
    (folder / "pgpass").write_text(f"x:1:*:*:no\n{host}:*:*:ada:{KEPT}\n")
    (folder / "pgpass").chmod(0o600)
    service = f"[payroll]\nhost={host}\nuser=ada\npassword={KEPT}\n"
    (folder / "services").write_text(service)
    return {
        "the environment": {"PGPASSWORD": KEPT},
        "a file": {"PGPASSFILE": str(folder / "pgpass")},
        "a service": {"PGSERVICEFILE": str(folder / "services")},
    }


@pytest.mark.parametrize("place", ["the environment", "a file", "a service"])
def test_no_password_is_shown_that_the_server_repeats_wherever_it_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    ours = certificates(tmp_path)
    told = kept_for("127.0.0.1" if place == "a service" else NAME, tmp_path)[place]
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    with repeating(ours) as (port, given):
        url = f"postgresql://ada@{NAME}:{port}/s?sslrootcert={ours.certificate}"
        if place == "a service":
            monkeypatch.setenv("PGPORT", str(port))
            monkeypatch.setenv("PGSSLROOTCERT", str(ours.certificate))
            url = "postgresql:///s?service=payroll&sslmode=verify-ca"
        elif place == "the environment":
            url += "&hostaddr=127.0.0.1"
        else:
            monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
        address = at_url(url, dict(os.environ))
        with pytest.raises(StateError) as refused, open_store(tmp_path, address):
            pass
    assert given == [KEPT]
    assert "no role has the password ***" in refused.value.message
    assert KEPT not in f"{refused.value.message} {refused.value.remedy}"


OTHERS = (
    "postgresql://ada@db.example.org/s?hostaddr=127.0.0.1&sslmode=disable",
    "postgresql:///s?user=ada&host=db.example.org&hostaddr=127.0.0.1&sslmode=disable",
    "postgresql://127.0.0.1/s?service=payroll&sslmode=disable",
    "postgresql:///s?service=payroll&hostaddr=127.0.0.1&sslmode=disable",
    "postgresql:///s?service=payroll&host=127.0.0.1",
    "postgresql:///s?service=payroll&port=6543",
)


@pytest.mark.parametrize("url", OTHERS)
def test_no_password_of_one_server_is_sent_to_another(tmp_path: Path, url: str) -> None:
    """Whoever writes a project file could have it sent to a server of their own."""
    told = kept_for("db.example.org", tmp_path)["a file"]
    with pytest.raises(StateError, match="would be sent") as refused:
        at_url(url, told)
    assert "env:NAME" in refused.value.remedy
    # where the address has a password itself, no other one is looked for
    assert at_url(f"{url}&password=own", told).secrets == ("own",)


@pytest.mark.parametrize("folder", ["/run/postgresql", "/var/run/postgresql"])
def test_no_password_of_the_local_server_is_sent_elsewhere_by_its_folder(
    tmp_path: Path, folder: str
) -> None:
    told = kept_for("localhost", tmp_path)["a file"]
    with pytest.raises(StateError, match="would be sent"):
        at_url(f"postgresql:///s?host={folder}&hostaddr=10.0.0.1", told)
    assert at_url(f"postgresql:///s?host={folder}", told).secrets == ()


@pytest.mark.parametrize(
    "hosts",
    [
        *("host=db.example.org:5432", "host=db.example.org:", "host=:5432"),
        *("host=a,b:1", "host=db.example.org:5432&host=other.example.org"),
    ],
)
def test_a_port_within_a_host_is_refused(tmp_path: Path, hosts: str) -> None:
    """The library that connects takes it apart, and finds the password of that host."""
    told = kept_for("db.example.org", tmp_path)["a file"]
    with pytest.raises(StateError, match="port within host=") as refused:
        at_url(f"postgresql:///s?{hosts}&hostaddr=127.0.0.1", told)
    assert "host=HOST&port=PORT" in refused.value.remedy


def test_nor_is_one_taken_from_within_brackets() -> None:
    with pytest.raises(StateError, match="port within host="):
        at_url("postgresql://ada@[10.0.0.1:5432]/s?hostaddr=127.0.0.1")


@pytest.mark.parametrize(
    ("spelled", "host", "port"),
    [
        ("db.example.org/s", "db.example.org", None),
        ("db.example.org:6543/s", "db.example.org", "6543"),
        ("a:1,b:2/s", "a,b", "1,2"),
        ("a,b:2/s", "a,b", ",2"),
        ("/s?host=a&host=b&port=1&port=2", "a,b", "1,2"),
        ("/s?host=a,b&port=1,2", "a,b", "1,2"),
        ("/s?host=/var/run/postgresql&port=1", "/var/run/postgresql", "1"),
        ("/s?host=::1", "::1", None),
        ("[::1]:6543/s", "::1", "6543"),
        ("/s?host=fe80::1%25eth0", "fe80::1%eth0", None),
    ],
)
def test_the_driver_is_told_the_host_that_was_looked_at(
    spelled: str, host: str, port: str | None
) -> None:
    """Two readings of one address would hold one server, and reach another."""
    url = at_url(f"postgresql://{spelled}").url
    told = postgresql_dialect().create_connect_args(url)[1]  # type: ignore[no-untyped-call]
    assert (told.get("host"), told.get("port")) == (host, port)
    assert url.query["host"] == host


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("postgresql:///s?hostaddr=127.0.0.1", {"PGHOST": "db.example.org"}),
        ("postgresql://127.0.0.1/s", {"PGSERVICE": "payroll"}),
    ],
)
def test_no_password_of_a_server_in_the_environment_is_sent_to_another(
    tmp_path: Path, url: str, more: dict[str, str]
) -> None:
    told = kept_for("db.example.org", tmp_path)["a file"] | more
    with pytest.raises(StateError, match="would be sent"):
        at_url(url, told)
