"""Requests to addresses that somebody typed in: only to the public network, or to private networks that were opened.

A name is resolved once for each request, every address that it has is checked, and the connection is made to one of
the addresses checked: so a name that answers differently a moment later leads nowhere else. Redirects are not followed,
proxies not used.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpcore

from tenure.outreach.channels.parcel import NotTaken, Refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Iterable[str]]

_PORTS = (443, 8443)
_NEVER: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32", "224.0.0.0/4", "240.0.0.0/4",
        "::/128", "fe80::/10", "ff00::/8", "fd00:ec2::/32", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32",
    )
)  # fmt: skip
"""Addresses of machines' own services, of many at once, and of other addresses in disguise; opened to nobody."""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and how long to wait as far as it says so. The body is not read."""

    status: int
    retry_after: str = ""


def resolved(host: str, port: int) -> list[str]:
    """Every address of *host*, as the machine's resolver has it."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class Outside:
    """Sends requests to addresses that somebody typed in.

    Args:
        networks: Private networks that were opened, such as `10.1.2.0/24`.
        timeout: Seconds that a request may take in all.
        resolve: Gives the addresses of a name.
        trust: A TLS context that trusts further certificates; the machine's own without one.
    """

    networks: Sequence[str] = ()
    timeout: float = 15.0
    resolve: Resolve = resolved
    trust: ssl.SSLContext | None = None
    _opened: tuple[Network, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "_opened", tuple(ipaddress.ip_network(network) for network in self.networks))

    def check(self, url: str) -> tuple[str, int, list[Address]]:
        """Host, port and addresses of *url*, every one of which a request may go to.

        Raises:
            Refused: It may not, or it is no address of a receiver.
            NotTaken: The name is not known now.
        """
        host, port, is_plain = _parts(url)
        addresses = self._addresses(host, port)
        private = [one for one in addresses if not is_public(one)]
        if any(not self._is_opened(one) for one in private):
            raise Refused(
                "it leads to a private or special address",
                mend="receivers in a private network have to be opened in `webhooks.networks`",
            )
        if is_plain and len(private) != len(addresses):
            raise Refused("it is not encrypted", mend="write https://")
        if port not in _PORTS and len(private) != len(addresses):
            raise Refused(f"port {port} is not one of {_PORTS[0]} and {_PORTS[1]}", mend="use port 443")
        return host, port, addresses

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send *body* and give the status.

        Raises:
            Refused: The address may not be reached.
            NotTaken: No answer came.
        """
        return self.request("POST", url, headers, body)

    def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send a request and give the status; errors as for `post`."""
        _, _, addresses = self.check(url)
        backend = _Checked(addresses, time.monotonic() + self.timeout)
        sent = {"Content-Length": str(len(body)), "Connection": "close", "User-Agent": "Tenure", **headers}
        extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self.timeout)}
        try:
            with (
                httpcore.ConnectionPool(
                    network_backend=backend, ssl_context=self.trust, retries=0, max_connections=1
                ) as pool,
                pool.stream(method, url, headers=[("Host", urlsplit(url).netloc), *sent.items()], content=body,
                            extensions=extensions) as response,
            ):  # fmt: skip
                waits = [value.decode("latin-1") for name, value in response.headers if name.lower() == b"retry-after"]
                return Answer(response.status, waits[0] if waits else "")
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise NotTaken(f"no answer ({type(error).__name__})") from error

    def _addresses(self, host: str, port: int) -> list[Address]:
        try:
            found = [ipaddress.ip_address(text.partition("%")[0]) for text in self.resolve(host, port)]
        except (OSError, UnicodeError) as error:
            raise NotTaken("no host by that name is known") from error
        if not found:
            raise NotTaken("no host by that name is known")
        return found

    def _is_opened(self, address: Address) -> bool:
        if any(address in network for network in _NEVER):
            return False
        return any(_plain(address) in network for network in self._opened)


def is_public(address: Address) -> bool:
    """Whether an address is one of the public network, and no other address in disguise."""
    plain = _plain(address)
    # Python counts site-local and some reserved addresses as global.
    special = plain.is_multicast or plain.is_reserved or getattr(plain, "is_site_local", False)
    return plain.is_global and not special and not any(plain in network for network in _NEVER)


def _plain(address: Address) -> Address:
    """The IPv4 address that is written as an IPv6 one, or the address itself."""
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


def _parts(url: str) -> tuple[str, int, bool]:
    """Host, port, and whether it goes unencrypted.

    Raises:
        Refused: It is no address of a receiver.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Refused("it is not an address", mend="write it as https://example.org/path") from error
    if parts.scheme not in ("http", "https") or not url.isascii() or re.search(r"[\s\\]", url) or "#" in url:
        raise Refused("it is not an address of a receiver", mend="write it as https://example.org/path")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise Refused("it carries a user name or password", mend="leave them out")
    if not re.fullmatch(r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?|[0-9a-fA-F:.]+", host):
        raise Refused("it has no host", mend="write it as https://example.org/path")
    is_plain = parts.scheme == "http"
    return host, port or (80 if is_plain else 443), is_plain


class _Checked(httpcore.NetworkBackend):
    """Connects to addresses that were checked, whatever name is asked for, and ends by a deadline."""

    def __init__(self, addresses: Sequence[Address], deadline: float) -> None:
        self._addresses, self._deadline, self._real = addresses, deadline, httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        """A connection to the first of the addresses that answers."""
        error: Exception = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                stream = self._real.connect_tcp(str(address), port, _left(self._deadline))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
                continue
            return _Timed(stream, self._deadline)
        raise error

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(min(seconds, _left(self._deadline)))


class _Timed(httpcore.NetworkStream):
    """A stream whose every read and write ends by one deadline, so that trickling bytes hold nothing up."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Bytes that have come."""
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        """End the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted."""
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the connection says of itself."""
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline is over")
    return left
