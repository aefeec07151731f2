"""Which hosts a person may have a worker call: those of a plant's network, never the machine's own metadata service.

Sources lie in private networks, so private addresses must be allowed. Refused is what no source ever has: link-local
addresses (where cloud machines keep their credentials), multicast, and addresses that mean nothing.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from engine.errors import Invalid, Unavailable

OWN_VARIABLES = "PLANTGLASS_"
SECRETS = "secrets"


def refuse_unreachable(host: str, port: int) -> None:
    """Raise `Invalid` for a host that must not be called, `Unavailable` for a name that nobody knows."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"The name “{host}” leads to no address.") from error
    for *_, address in found:
        spoken = ip_address(str(address[0]).partition("%")[0])
        if spoken.is_link_local or spoken.is_multicast or spoken.is_unspecified or spoken.is_reserved:
            raise Invalid(f"“{host}” ({spoken}) is no address that a source of a plant has.")


def refuse_secrets(settings: dict[str, Any], folder: Path) -> None:
    """A password for a trial comes from a variable that is not our own, or a file in <data>/secrets. Raises `Invalid`.

    Otherwise whoever may try a source could have a worker hand any file or variable of its machine to any server.
    """
    variable, file = settings.get("password_env"), settings.get("password_file")
    if variable and str(variable).upper().startswith(OWN_VARIABLES):
        raise Invalid(f"The variable {variable} belongs to Plantglass itself and is sent to nobody.")
    inside = (folder / SECRETS).resolve()
    if file and not Path(file).expanduser().resolve().is_relative_to(inside):
        raise Invalid(f"A password file for a trial lies in {inside}.")
