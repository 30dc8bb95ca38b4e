"""One Connect has one key, however its address is spelled."""

from __future__ import annotations

import pytest

from connectsync.domain.live import connect_key, one_spelling

SAME = [
    "gateway https://connect.example.org",
    "gateway https://Connect.Example.ORG",
    "gateway HTTPS://connect.example.org",
    "gateway https://connect.example.org/",
    "gateway https://connect.example.org//",
    "gateway https://connect.example.org:443",
    "gateway https://connect.example.org.",
    "gateway https://connect.example.org/?x",
    "gateway https://connect.example.org/?x=1#top",
    "gateway https://connect.example.org#",
    "gateway https://connect.example.org/./",
    "gateway https://connect.example.org/a/..",
]
HERE = [
    "gateway http://127.0.0.1:8000",
    "gateway http://localhost:8000",
    "gateway http://LOCALHOST:8000/",
    "gateway http://127.0.0.2:8000",
    "gateway http://[::1]:8000",
    "gateway http://[0:0:0:0:0:0:0:1]:8000/",
]
OTHERS = [
    "gateway https://connect.example.org",
    "gateway http://connect.example.org",
    "gateway https://connect.example.org:8443",
    "gateway https://connect.example.org/other",
    "gateway https://connect.example.org/a/b",
    "gateway https://connect.example.org/a%2Fb",
    "gateway https://connect.example.org/a//b",
    "gateway https://connect.example.com",
    "browser https://connect.example.org",
    "embedded",
    "snapshot:live.json",
    "gateway not an address",
    "gateway https://[::1",
]


@pytest.mark.parametrize("spelling", SAME)
def test_another_spelling_of_an_address_is_the_same_connect(spelling: str) -> None:
    assert one_spelling(spelling) == "gateway https://connect.example.org"


@pytest.mark.parametrize("spelling", HERE)
def test_this_machine_has_one_name(spelling: str) -> None:
    assert one_spelling(spelling) == "gateway http://127.0.0.1:8000"


def test_umlauts_and_percent_signs_are_one_spelling() -> None:
    assert one_spelling("browser https://süd.example/%63") == one_spelling(
        "browser https://xn--sd-xka.example/c"
    )


def test_other_addresses_are_other_connects() -> None:
    assert len({one_spelling(one) for one in OTHERS}) == len(OTHERS)


def test_a_name_stands_for_every_way_to_a_connect() -> None:
    ways = ["embedded", "snapshot:live.json", *SAME, "browser https://b.example"]
    assert {connect_key(way, "production").key for way in ways} == {"production"}


def test_a_plan_of_the_address_means_the_connect_that_has_a_name_now() -> None:
    connect = connect_key("gateway https://connect.example.org", "production")
    assert connect.means("production")
    assert all(connect.means(spelling) for spelling in SAME)
    assert not connect.means("gateway https://connect.example.com")
