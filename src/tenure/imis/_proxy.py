"""Which proxy stands between this machine and iMIS, if any."""

from __future__ import annotations

import ipaddress
import ssl
import urllib.request
from urllib.parse import unquote

import httpcore
import httpx

from tenure.base.errors import UsageError

NONE = "none"
"""As a setting: no proxy, whatever the environment says."""


def proxy_of(base: httpx.URL, setting: str) -> httpx.URL | None:
    """The proxy through which *base* is reached, or None for straight on.

    A setting rules; without one, `HTTPS_PROXY` and `NO_PROXY` do. Plain http is allowed within private networks only
    (see `refuse_plain_http`) and never goes through a proxy, which could read the password. This machine is reached
    through one only by the setting.

    Args:
        base: The address of iMIS.
        setting: An address, `none`, or empty for what the environment says.

    Raises:
        UsageError: The address cannot be one, or the setting holds a password.
    """
    if base.scheme != "https" or setting.strip().lower() == NONE:
        return None
    if setting.strip():
        found = _address(setting.strip(), "`source.proxy`")
        if found.userinfo:
            raise UsageError(
                "`source.proxy` carries a user name or password",
                mend="leave `source.proxy` empty and set the variable HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT",
            )
        return found
    told = urllib.request.getproxies_environment()
    address = told.get("https") or told.get("all")
    if not address or _is_here(base.host) or urllib.request.proxy_bypass(_host_and_port(base)):
        return None
    return _address(address, "the variable HTTPS_PROXY")


def tunnel_of(proxy: httpx.URL | None, trusted: ssl.SSLContext | None) -> httpcore.Proxy | None:
    """*proxy* in the words of httpcore; *trusted* checks a proxy that is itself spoken to by TLS."""
    if proxy is None:
        return None
    name, _, password = proxy.userinfo.decode().partition(":")
    return httpcore.Proxy(
        url=httpcore.URL(scheme=proxy.raw_scheme, host=proxy.raw_host, port=proxy.port, target=b"/"),
        auth=(unquote(name), unquote(password)) if name else None,
        ssl_context=trusted if proxy.scheme == "https" else None,
    )


def without_account(proxy: httpx.URL) -> str:
    """The address of a proxy for messages."""
    return str(proxy.copy_with(userinfo=b"", path="")).rstrip("/")


def _address(text: str, where: str) -> httpx.URL:
    # The text may hold a password, so messages name the place and not what stands in it.
    try:
        url = httpx.URL(text if "://" in text else f"http://{text}")
    except httpx.InvalidURL as error:
        raise UsageError(f"{where} is not an address", mend="write it as http://proxy.example.org:8080") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(
            f"{where} is not the address of an HTTP proxy", mend="write it as http://proxy.example.org:8080"
        )
    return url


def _host_and_port(base: httpx.URL) -> str:
    return f"{base.host}:{base.port}" if base.port else base.host


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
