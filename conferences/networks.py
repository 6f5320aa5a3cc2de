"""Which network a request comes from: what limits count by. Pure."""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network


def network(meta: Mapping[str, str], proxies: int) -> str:
    """The client's address, an IPv6 one as its /64 (one subscriber has all of that), "unknown" if there is none.

    `meta` is request.META, `proxies` how many reverse proxies stand in front: each adds the address that it saw
    at the right of X-Forwarded-For, so only the n-th from the right is not the client's own invention.
    """
    forwarded = [part for part in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    text = forwarded[-proxies] if 0 < proxies <= len(forwarded) else meta.get("REMOTE_ADDR", "")
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ip_network((address, 64), strict=False))
    return str(address)
