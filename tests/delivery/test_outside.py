"""Nothing is sent to addresses inside, whatever they are dressed up as."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from receiver import Receiver

from tenure.outreach.channels.outside import Outside
from tenure.outreach.channels.parcel import NotTaken, Refused

_INSIDE = [
    "127.0.0.1", "127.0.0.2", "127.1.2.3", "127.255.255.254", "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.254", "192.168.0.1", "192.168.255.254", "100.64.0.1", "100.100.100.200", "100.127.255.254",
    "169.254.0.1", "169.254.169.254", "169.254.170.2", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9",
    "168.63.129.16",
]  # fmt: skip
_INSIDE_6 = [
    "::1", "::", "fe80::1", "fc00::1", "fd00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1", "100::1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "::127.0.0.1",
]  # fmt: skip
_NUMBERS = [
    "2130706433", "017700000001", "0x7f000001", "0x7f.1", "0177.1", "127.1", "127.0.1", "0x7f.0x0.0x0.0x1", "1",
    "0", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "0xa9.254.0xa9.0376", "3232235521", "167772161",
    "0x0a000001", "012.0.0.1", "10.1", "192.168.1", "0300.0250.0.1",
]  # fmt: skip
_ODD = [
    "ftp://example.org/", "file:///etc/passwd", "gopher://127.0.0.1:70/", "dict://127.0.0.1:11211/", "ws://example.org/",
    "javascript:alert(1)", "data:text/plain,x", "//example.org/", "example.org", "https://", "https:///path", "http:/x",
    "https://user@93.184.216.34/", "https://user:pass@93.184.216.34/", "https://93.184.216.34@127.0.0.1/",
    "https://127.0.0.1#@93.184.216.34/", "https://127.0.0.1\\@93.184.216.34/", "https://93.184.216.34 .example/",
    "https://93.184.216.34\t/", "https://93.184.216.34/\r\nX-Forged: 1", "https://[::1", "https://[::1]extra/",
    "https://exam ple.org/", "https://例え.jp/", "https://93.184.216.34:99999/", "https://93.184.216.34:-1/",
    "https://93.184.216.34:x/", "https://%31%32%37.0.0.1/", "https://127.0.0.1%00.example.org/", "https://.../",
    "https://-x-/", "https://a@b@127.0.0.1/", "HTTPS://127.0.0.1/", "https://127.0.0.1./",
]  # fmt: skip
_PORTS = [22, 23, 25, 53, 80, 110, 143, 445, 465, 587, 1433, 3306, 3389, 5432, 5900, 6379, 8080, 9200, 11211, 27017]
_PLAIN = ["http://93.184.216.34/", "http://93.184.216.34:443/", "http://[2606:2800:220:1:248:1893:25c8:1946]/"]

CORPUS = [
    *(f"https://{host}/hook" for host in _INSIDE),
    *(f"http://{host}:8080/" for host in _INSIDE),
    *(f"https://[{host}]/hook" for host in _INSIDE_6),
    *(f"http://[{host}]/" for host in _INSIDE_6),
    *(f"https://[::ffff:{host}]/" for host in _INSIDE),
    *(f"https://{host}/" for host in _NUMBERS),
    *_ODD,
    *(f"https://93.184.216.34:{port}/" for port in _PORTS),
    *_PLAIN,
    *(f"https://{name}/" for name in ("localhost", "LOCALHOST", "localhost.localdomain", "ip6-localhost")),
]


class Trap:
    """Listens on loopback, and counts who comes."""

    def __init__(self) -> None:
        self.came = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                self._socket.accept()[0].close()
            except OSError:
                return
            self.came += 1

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    trap = Trap()
    yield trap
    trap.close()


def test_of_two_hundred_targets_none_is_connected_to(trap: Trap):
    """Also where the resolver of this machine, or an old one, would read a number as an address."""
    assert len(set(CORPUS)) >= 200
    dressed = [url.replace(":8080", f":{trap.port}") for url in CORPUS]
    for url in dressed:
        with pytest.raises((Refused, NotTaken)):
            Outside(timeout=2).post(url, {}, b"{}")
    assert trap.came == 0


@pytest.mark.parametrize("inside", [*_INSIDE, *_INSIDE_6])
def test_a_name_with_one_address_inside_leads_nowhere(inside: str):
    outside = Outside(resolve=lambda host, port: ["93.184.216.34", inside], timeout=2)
    with pytest.raises(Refused, match="private or special"):
        outside.post("https://hooks.example.org/", {}, b"{}")


def test_a_name_that_answers_differently_a_moment_later_leads_where_it_was_checked(trap: Trap):
    """The connection goes to the address that was checked; the name is not asked for again."""
    asked = []

    def flipping(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["192.0.2.55"] if len(asked) % 2 else ["127.0.0.1"]

    outside = Outside(networks=("192.0.2.0/24",), resolve=flipping, timeout=1)
    with pytest.raises(NotTaken):
        outside.post(f"https://hooks.example.org:{trap.port}/", {}, b"{}")
    assert (asked, trap.came) == (["hooks.example.org"], 0)
    with pytest.raises(Refused):
        outside.post(f"https://hooks.example.org:{trap.port}/", {}, b"{}")
    assert trap.came == 0


def test_a_network_that_was_opened_can_be_reached_and_its_neighbours_not():
    with Receiver() as receiver:
        answer = Outside(networks=("127.0.0.1/32",), timeout=5).post(receiver.url, {"x-a": "b"}, b"{}")
        assert (answer.status, receiver.taken[0][1]) == (204, b"{}")
        with pytest.raises(Refused):
            Outside(networks=("10.0.0.0/8",)).post(receiver.url, {}, b"{}")


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "168.63.129.16", "0.0.0.0", "fd00:ec2::254"])
def test_services_of_the_machine_itself_are_opened_to_nobody(address: str):
    everything = Outside(networks=("0.0.0.0/0", "::/0"), resolve=lambda host, port: [address])
    with pytest.raises(Refused):
        everything.post("https://hooks.example.org/", {}, b"{}")


def test_bytes_that_trickle_end_at_the_deadline():
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def trickle() -> None:
        connection, _ = server.accept()
        while not over.wait(0.2):
            try:
                connection.sendall(b"H")
            except OSError:
                return

    threading.Thread(target=trickle, daemon=True).start()
    url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    with pytest.raises(NotTaken):
        Outside(networks=("127.0.0.0/8",), timeout=1).post(url, {}, b"{}")
    over.set()
    server.close()
