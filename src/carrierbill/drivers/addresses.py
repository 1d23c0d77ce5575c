"""Addresses: which addresses of the network are everybody's, and which lead into somebody's house."""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

# Written out: what a version of Python takes for global has changed more than once.
NOT_PUBLIC_4 = (
    "0.0.0.0/8",  # this network
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # shared behind a carrier's translation, and some clouds' metadata
    "127.0.0.0/8",  # this machine
    "168.63.129.16/32",  # a cloud's own services, at an address that looks public
    "169.254.0.0/16",  # this link, and most clouds' metadata
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocols
    "192.0.2.0/24",  # documentation
    "192.31.196.0/24",  # name service sinks
    "192.52.193.0/24",  # relays
    "192.88.99.0/24",  # 6to4 relays
    "192.168.0.0/16",  # private
    "192.175.48.0/24",  # name service sinks
    "198.18.0.0/15",  # measurements
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # to many
    "240.0.0.0/4",  # reserved, and to all
)
# All that is everybody's in IPv6; the rest is private, of this link, to many, mapped, or not given out.
PUBLIC_6 = "2000::/3"
NOT_PUBLIC_6 = (
    "2001::/23",  # protocols: Teredo, which hides another address, among them
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4, which hides another address
    "2620:4f:8000::/48",  # name service sinks
    "3fff::/20",  # documentation
)
# Translated into the older network by whoever runs this one; what counts is the address inside.
TRANSLATED = "64:ff9b::/96"


def _networks(written: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(each) for each in written)


NOT_PUBLIC = _networks((*NOT_PUBLIC_4, *NOT_PUBLIC_6))
(EVERYBODYS, FROM_4) = _networks((PUBLIC_6, TRANSLATED))


def is_public(written: str) -> bool:
    """Whether an address may be connected to at a stranger's wish; what is no address may not.

    >>> is_public("8.8.8.8"), is_public("10.1.2.3"), is_public("64:ff9b::a01:203")
    (True, False, False)
    """
    try:
        address = ip_address(written)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        # A scope is of one link.
        return not address.scope_id and _is_public_6(address)
    return _is_none_of_ours(address)


def _is_public_6(address: IPv6Address) -> bool:
    if address in FROM_4:
        return _is_none_of_ours(IPv4Address(address.packed[-4:]))
    return address in EVERYBODYS and _is_none_of_ours(address)


def _is_none_of_ours(address: IPv4Address | IPv6Address) -> bool:
    return not any(address in network for network in NOT_PUBLIC)
