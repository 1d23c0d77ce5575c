"""Clients: who there is to ask, as kept, and the keyed hashes of their secrets."""

import hmac
import secrets
from collections.abc import Mapping

from carrierbill.domain.access import Client
from carrierbill.storage.marks import is_demo
from carrierbill.storage.records import layout_of
from carrierbill.storage.sql import Session, select

SECRET_BYTES = 32


class ClientSecrets:
    """Secrets of clients under the secret of the keyed hashes: a copy of the database alone tells nothing."""

    def __init__(self, index_secret: bytes) -> None:
        """Derive the key, so that it is used for nothing else."""
        self._key = hmac.digest(index_secret, b"secret of a client", "sha256")

    @staticmethod
    def new() -> str:
        """A fresh secret, to be shown once."""
        return secrets.token_urlsafe(SECRET_BYTES)

    def hash_of(self, client_id: str, secret: str) -> bytes:
        """The hash of a secret as shown by a client; another client's is another one."""
        # Neither holds the byte between them: ids by their form, and what follows it is all the secret.
        named = client_id.encode(errors="replace")
        return hmac.digest(self._key, named + b"\0" + secret.encode(), "sha256")


def clients_in(session: Session) -> Mapping[str, Client]:
    """All clients by id, disabled ones too; those of demos only in a database that was made as one."""
    layout, demo = layout_of(Client, on_sqlite=session.on_sqlite), is_demo(session)
    found: list[Client] = [layout.record_of(row) for row in select(session, layout, {})]
    return {client.id: client for client in found if demo or not client.demo}
