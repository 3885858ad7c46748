"""DKIM (RFC 6376): signs the very bytes that are sent.

A header that is signed once more than it occurs cannot be added later without breaking the signature: without that, a
second Subject in front of ours would still verify. The unsubscribe pair must be signed (RFC 8058 §4).
"""

from dataclasses import dataclass

from net.errors import Misconfigured

_ONCE = ("from", "to", "subject", "date", "message-id", "reply-to", "in-reply-to", "references", "mime-version")
_SIGNED = (*_ONCE, "content-type", "auto-submitted", "list-unsubscribe", "list-unsubscribe-post")


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: the key is published at `<selector>._domainkey.<domain>`."""

    domain: str
    selector: str
    key: str

    def sign(self, mail: bytes) -> bytes:
        """The mail with its signature on top. Raises Misconfigured for a key that cannot be used."""
        import dkim  # type: ignore[import-untyped]  # noqa: PLC0415 - it ships no types; loaded late: few sign here

        present = {name.lower() for name in _header_names(mail)}
        names = [name.encode() for name in _SIGNED for _ in range(2 if name in present else 1)]
        try:
            header: bytes = dkim.sign(
                mail,
                self.selector.encode(),
                self.domain.encode(),
                self.key.encode(),
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=names,
            )
        except Exception as error:  # noqa: BLE001 - dkimpy lets what its parser stumbles over through
            failure = Misconfigured("dkim_key is no RSA key as PEM", platform_code=type(error).__name__)
        else:
            return header + mail
        # Outside of the handler: the original's traceback holds the key.
        raise failure


def _header_names(mail: bytes) -> list[str]:
    head = mail.partition(b"\r\n\r\n")[0]
    return [line.partition(b":")[0].decode("ascii", "replace") for line in head.split(b"\r\n") if line[:1].strip()]
