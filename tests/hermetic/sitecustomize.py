"""
No test reaches the network, nor any process it starts.

Python runs this at start-up wherever the tests put this folder on PYTHONPATH. Only
loopback addresses and sockets in the file system may be used.
"""

import ipaddress
import sys


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"}:
        _refuse_address(arguments[1])
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        _refuse_host(arguments[0])


def _refuse_address(address: object) -> None:
    if isinstance(address, tuple):
        _refuse_host(address[0])


def _refuse_host(host: object) -> None:
    if host in {None, "", "localhost", b"localhost"}:
        return
    name = host.decode() if isinstance(host, bytes) else str(host)
    try:
        loopback = ipaddress.ip_address(name).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise OSError(f"the tests may not reach {name}")


sys.addaudithook(_refuse)
