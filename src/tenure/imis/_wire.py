"""Bytes to and from one server: one kept-alive connection, an absolute deadline, a body limit, TLS always checked."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpcore
import httpx

from tenure.base.errors import UsageError
from tenure.imis._proxy import proxy_of, tunnel_of, without_account
from tenure.imis.errors import ImisRefused, ImisUnavailable, ProxyRefused, TooLarge, TooSlow, Unreachable, Untrusted

BODY_LIMIT = 32 * 1024 * 1024
"""Bytes of a decoded body beyond which reading stops."""


@dataclass(frozen=True)
class Reply:
    """An answer, read whole and decoded."""

    status: int
    reason: str
    headers: httpx.Headers
    body: bytes

    @property
    def media_type(self) -> str:
        """The content type without its parameters, lower case."""
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()


class NeverSent(Exception):
    """The request did not leave us, so that even a write may be tried again; `error` says why."""

    def __init__(self, error: ImisUnavailable) -> None:
        super().__init__(str(error))
        self.error = error


class Deadline:
    """The instant by which the exchange under way must be over, however slowly bytes trickle."""

    def __init__(self) -> None:
        self._until = float("inf")

    def start(self, seconds: float) -> None:
        """Begin to count."""
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that remain; at least a hair, so that a socket raises its own timeout."""
        return max(0.001, self._until - time.monotonic())

    def check(self) -> None:
        """Raise when the time is over."""
        if time.monotonic() >= self._until:
            raise httpcore.ReadTimeout("deadline")


class _BoundedStream(httpcore.NetworkStream):
    """A socket on which each wait is what remains of the deadline, and not a fresh timeout."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._deadline.check()
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._deadline.check()
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _BoundedStream(
            self._stream.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline
        )

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _BoundedBackend(httpcore.NetworkBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._backend, self._deadline = httpcore.SyncBackend(), deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._backend.connect_tcp(host, port, self._deadline.left(), local_address, socket_options)
        return _BoundedStream(stream, self._deadline)


class Wire:
    """One connection to one server.

    Args:
        base: Scheme, host and perhaps a path, without a trailing slash.
        timeout: Seconds that one exchange may take from the first byte to the last.
        ca_file: A file of further certificates (PEM) to trust, for a server with a private authority. There is no way
            to switch the check off.
        user_agent: How Tenure introduces itself.
        proxy: Address of a proxy, `none`, or empty for what the environment says.
    """

    def __init__(
        self, base: httpx.URL, *, timeout: float, ca_file: Path | None, user_agent: str, proxy: str = ""
    ) -> None:
        self.base = base
        self._proxy = proxy_of(base, proxy)
        self._timeout = timeout
        self._user_agent = user_agent
        self._deadline = Deadline()
        trusted = _ssl_context(ca_file) if base.scheme == "https" else None
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted,
            proxy=tunnel_of(self._proxy, trusted),
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=60.0,
            network_backend=_BoundedBackend(self._deadline),
        )
        self._checked_plain = base.scheme == "https"
        self.certificate_ends: dt.datetime | None = None

    @property
    def proxy(self) -> str:
        """The proxy that is gone through, without an account; empty for none."""
        return without_account(self._proxy) if self._proxy is not None else ""

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()

    def exchange(self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """Send one request and read the whole answer.

        Raises:
            NeverSent: No connection was made.
            ImisUnavailable, ImisRefused: The answer did not come, or could not be read.
        """
        if not self._checked_plain:
            refuse_plain_http(url)
            self._checked_plain = True
        self._deadline.start(self._timeout)
        try:
            return self._send(method, url, headers, body)
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            # httpcore keeps a tunnel whose handshake failed as if it were in use, and it is the only place there is.
            self._pool.close()
            raise self._no_connection(error) from error
        except httpcore.ProxyError as error:
            raise self._proxy_refused(error) from error
        except (httpcore.TimeoutException, httpcore.PoolTimeout) as error:
            raise TooSlow(
                f"{self._where} did not answer within {self._timeout:g} s",
                mend="raise `source.timeout_seconds`, or make the query narrower",
            ) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, zlib.error) as error:
            raise Unreachable(
                f"{self._where} broke off in the middle of an answer ({type(error).__name__})",
                mend="try again; if it stays, ask whoever runs the server or the network between",
            ) from error

    def _send(self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes | None) -> Reply:
        sent = [("Host", url.netloc.decode()), ("User-Agent", self._user_agent), ("Accept-Encoding", "gzip")]
        sent += list(headers.items())
        if body is not None:
            sent.append(("Content-Length", str(len(body))))
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        limits = {"timeout": {"pool": self._timeout}}
        with self._pool.stream(method, target, headers=sent, content=body, extensions=limits) as response:
            answer = httpx.Headers(response.headers)
            reason = response.extensions.get("reason_phrase", b"").decode("latin-1")
            self.certificate_ends = _certificate_ends(response.extensions["network_stream"])
            return Reply(response.status, reason, answer, self._read(response.iter_stream(), answer))

    def _read(self, chunks: Iterator[bytes], headers: httpx.Headers) -> bytes:
        if int(headers.get("content-length", "0") or 0) > BODY_LIMIT:
            raise self._too_large()
        parts, size = [], 0
        for part in _decoded(chunks, headers.get("content-encoding", "")):
            size += len(part)
            if size > BODY_LIMIT:
                raise self._too_large()
            self._deadline.check()
            parts.append(part)
        return b"".join(parts)

    @property
    def _where(self) -> str:
        return f"iMIS at {self.base}"

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"{self._where} sent an answer of more than {BODY_LIMIT // 2**20} MiB",
            mend="let the query return only the columns in use, or set a smaller `source.page_size`",
        )

    def _proxy_refused(self, error: httpcore.ProxyError) -> NeverSent | ImisRefused:
        assert self._proxy is not None
        said = re.match(r"\d{3}", str(error))
        status = said[0] if said else "no status"
        words = f"the proxy {without_account(self._proxy)} does not let us through to {self.base.host} (HTTP {status})"
        if status == "407":
            mend = "it wants a name and a password: set HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT"
            return ProxyRefused(words, mend=mend)
        mend = "ask whoever runs the proxy to allow the host, or name another in `source.proxy`"
        return ProxyRefused(words, mend=mend) if status == "403" else NeverSent(Unreachable(words, mend=mend))

    def _no_connection(self, error: Exception) -> NeverSent | ImisRefused:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return Untrusted(
                    f"the certificate of {self.base.host} is not to be trusted: {cause.verify_message}",
                    mend="if the server has a certificate of a private authority, name a file with that authority's in "
                    "`source.ca_file`; else have the certificate renewed. Tenure does not connect unchecked",
                )
            if isinstance(cause, socket.gaierror):
                return NeverSent(
                    Unreachable(
                        f"no host by the name {(self._proxy or self.base).host} is known",
                        mend=f"check {self._place_setting}, and that this machine can resolve names",
                    )
                )
            cause = cause.__cause__ or cause.__context__
        if self._proxy is not None:
            words = f"nothing answers at the proxy {without_account(self._proxy)}: {_in_words(error)}"
            return NeverSent(Unreachable(words, mend=f"check {self._place_setting}; `none` goes without a proxy"))
        return NeverSent(
            Unreachable(
                f"nothing answers at {self.base}: {_in_words(error)}",
                mend="check `source.url` in tenure.toml (host and port), that iMIS is up and no firewall is between",
            )
        )

    @property
    def _place_setting(self) -> str:
        if self._proxy is None:
            return "`source.url` in tenure.toml"
        return "`source.proxy` in tenure.toml, or the variable HTTPS_PROXY where that is empty"


def _certificate_ends(stream: httpcore.NetworkStream) -> dt.datetime | None:
    """The last instant of the certificate that the server showed; None without TLS."""
    secured = stream.get_extra_info("ssl_object")
    told = secured.getpeercert() if secured is not None else None
    if not told or "notAfter" not in told:
        return None
    return dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(told["notAfter"]), dt.UTC)


def _in_words(error: Exception) -> str:
    if isinstance(error, httpcore.ConnectTimeout):
        return "no connection before the deadline"
    cause = error.__cause__ or error.__context__ or error
    return (getattr(cause, "strerror", None) or str(cause) or type(error).__name__).lower()


def _decoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The body's bytes, unpacked a little at a time, so that a small body that swells is noticed early."""
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        yield from chunks
        return
    unpack = zlib.decompressobj(wbits=31)
    for chunk in chunks:
        rest = chunk
        while rest and not unpack.eof:
            yield unpack.decompress(rest, 1 << 20)
            rest = unpack.unconsumed_tail
    if not unpack.eof:
        raise zlib.error("the compressed body ends early")


def _ssl_context(ca_file: Path | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context()
    if ca_file is None:
        return context
    try:
        context.load_verify_locations(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"{ca_file} cannot be read as certificates (PEM): {error}", mend="name a PEM file") from error
    return context


def base_url(text: str) -> httpx.URL:
    """The address of an iMIS, as people write it: with or without a slash or `/api` at its end.

    Raises:
        UsageError: It is not an http(s) address, or it carries a password.
    """
    shown = "the address of iMIS" if "@" in text else f"`{text}`"
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, TypeError) as error:
        raise UsageError(f"{shown} is not an address", mend="write it as https://example.org") from error
    if url.userinfo or "@" in text:
        raise UsageError(
            f"{shown} carries a user name or password",
            mend="leave them out of `source.url`; the password comes from TENURE_IMIS_PASSWORD",
        )
    if url.scheme not in ("http", "https") or not re.fullmatch(r"[\w.:-]+", url.host):
        raise UsageError(f"{shown} is not an address of an iMIS", mend="write it as https://example.org")
    path = url.path.rstrip("/")
    return url.copy_with(path=path.removesuffix("/api").rstrip("/"), query=None, fragment=None)


def refuse_plain_http(url: httpx.URL) -> None:
    """Check that a password may go to *url* unencrypted: only within this machine or a private network.

    Raises:
        Untrusted: The host is on the public network.
        NeverSent: The host is not known.
    """
    try:
        found = socket.getaddrinfo(url.host, url.port or 80, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NeverSent(
            Unreachable(
                f"no host by the name {url.host} is known",
                mend="check `source.url` in tenure.toml, and that this machine can resolve names",
            )
        ) from error
    if not all(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_private for entry in found):
        raise Untrusted(
            f"{url.host} is on the public network, where plain http would show the password to everybody",
            mend="write `source.url` with https://",
        )
