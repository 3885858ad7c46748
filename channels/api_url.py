"""The key `api_url`, which kinds with an API over HTTP have."""

from urllib.parse import urlsplit


def base_of(api_url: str, reads_like: str) -> str:
    """The url without a slash at its end. Raises ValueError, saying how it should read, for what is no base of an API."""
    parts = urlsplit(api_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"write it as {reads_like}")
    return api_url.rstrip("/")
