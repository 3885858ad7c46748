"""Signatures: known vectors, the standard's own library as a counterpart, and whatever a forger may try."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from net.errors import WebhookRejected
from net.signatures import HmacScheme, sign_standard, standard_key, verify_standard

MINUTE = 60_000
BODY = b'{"type":"ticket.closed","timestamp":"2026-01-02T03:04:05Z","data":{"id":"T-1"}}'
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER = "whsec_HxAdHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA="
SENT = 1_700_000_000
SIGNATURE = "v1,z5JiUHtv8+juWfUAlQ7hBqZbIVuLr9XRvTRZc5/ri4o="


def standard(signature: str = SIGNATURE, sent: object = SENT, message_id: str = "msg_01TEST") -> dict[str, str]:
    return {"webhook-id": message_id, "webhook-timestamp": str(sent), "webhook-signature": signature}


def proven(headers: Mapping[str, str], body: bytes = BODY, now: int = SENT * 1000, *secrets: str) -> bool:
    keys = [standard_key(secret) for secret in secrets or (SECRET,)]
    try:
        verify_standard(keys, headers, body, now)
    except WebhookRejected:
        return False
    return True


def test_a_refusal_never_says_which_part() -> None:
    with pytest.raises(WebhookRejected, match=r"^not proven to come from the sender$"):
        verify_standard([standard_key(SECRET)], standard(sent=1), BODY, SENT * 1000)


# The second one is published with the specification's libraries.
@pytest.mark.parametrize(
    ("secret", "message_id", "sent", "body", "signature"),
    [
        (SECRET, "msg_01TEST", SENT, BODY, SIGNATURE),
        (
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            b'{"test": 2432232314}',
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            b'{"test":2432232314}',
            "v1,Vif40peJBP7Iyl0XGmu61n4MwdrcHov5CFREBpE0svs=",
        ),
    ],
)
def test_known_messages(secret: str, message_id: str, sent: int, body: bytes, signature: str) -> None:
    assert sign_standard([standard_key(secret)], message_id, body, sent * 1000) == standard(signature, sent, message_id)
    assert proven(standard(signature, sent, message_id), body, sent * 1000, secret)


def test_the_library_of_the_standard_and_we_read_each_other() -> None:
    now = int(time.time())
    ours = sign_standard([standard_key(OTHER), standard_key(SECRET)], "msg_1", BODY, now * 1000 + 999)
    assert Webhook(SECRET).verify(BODY, ours)["type"] == "ticket.closed"
    assert proven(ours, BODY, now * 1000)


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_clocks_may_be_five_minutes_off_both_ways(minutes: int) -> None:
    assert proven(standard(), BODY, SENT * 1000 + minutes * MINUTE)
    further = minutes * MINUTE + (1 if minutes > 0 else -1)
    assert proven(standard(), BODY, SENT * 1000 + further) is (minutes == 0)


def test_any_key_and_any_signature_of_the_list_will_do() -> None:
    both = sign_standard([standard_key(OTHER), standard_key(SECRET)], "msg_01TEST", BODY, SENT * 1000)
    assert both["webhook-signature"].split(" ")[1] == SIGNATURE
    assert proven(both, BODY, SENT * 1000, SECRET)
    assert proven(standard(), BODY, SENT * 1000, OTHER, SECRET)
    assert not proven(standard(), BODY, SENT * 1000, OTHER)


def test_versions_nobody_knows_are_skipped() -> None:
    assert proven(standard(f"v1a,abc v2 , {SIGNATURE}"))
    assert not proven(standard(SIGNATURE.replace("v1,", "v1a,")))


def test_prefix_and_padding_may_be_missing() -> None:
    assert standard_key(SECRET) == standard_key(SECRET.removeprefix("whsec_").rstrip("=")) == bytes(range(32))
    assert proven(standard(SIGNATURE.rstrip("=")))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAEC", "not base64 at all, to be sure", "whsec_" + "A" * 500])
def test_a_secret_that_is_none_is_told_without_it(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_ and the base64") as refused:
        standard_key(secret)
    assert len(secret) < 10 or secret not in str(refused.value)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        standard(""),
        standard("v1"),
        standard("v1,"),
        standard("v1,ü"),
        standard("v1,\ud800"),
        standard(SIGNATURE.swapcase()),
        standard(SIGNATURE[:-2]),
        standard(sent=SENT + 1),
        standard(sent=f"{SENT}.0"),
        standard(sent=f" {SENT}"),
        standard(sent="-1"),
        standard(sent="9" * 400),
        standard(message_id="msg_02"),
        standard(message_id=""),
        standard(message_id="msg_\ud800"),
        standard(message_id="msg_01TEST.1"),
        {key: value for key, value in standard().items() if key != "webhook-id"},
        {key: value for key, value in standard().items() if key != "webhook-timestamp"},
    ],
)
def test_forged_headers_are_refused(headers: Mapping[str, str]) -> None:
    assert proven(standard())
    assert not proven(headers)


def test_a_part_of_the_body_cannot_move_into_the_id() -> None:
    """Dots part the signed text: with a dot in the id, one signature would fit two messages."""
    headers = sign_standard([standard_key(SECRET)], "a", f"{SENT}.{{}}".encode(), SENT * 1000)
    assert proven(headers, f"{SENT}.{{}}".encode())
    assert not proven({**headers, "webhook-id": f"a.{SENT}"}, b"{}")


@given(body=st.binary(max_size=50), signature=st.text(max_size=50))
@settings(max_examples=30)
def test_nothing_else_is_taken_and_nothing_crashes(body: bytes, signature: str) -> None:
    assert not proven(standard(signature), body)
    assert not proven(standard(), BODY + b" ")


# --- any other HMAC

KEY = b"test-secret-1"
PLAIN = b'{"event":"comment","task_id":1532}'
ZAMMAD = b'{"ticket":{"id":7,"state":"closed"}}'
CHATWOOT = b'{"event":"conversation_status_changed","id":42,"status":"resolved"}'
ZENDESK = b'{"type":"zen:event-type:ticket.status_changed","detail":{"id":"35436"}}'
ZENDESK_SENT = "2026-01-02T03:04:05Z"
ZENDESK_AT = 1_767_323_045_000

SHA1 = HmacScheme("X-Pyrus-Sig", algorithm="sha1")
PREFIXED = HmacScheme("X-Hub-Signature", "sha1=", "sha1")
TIMED = HmacScheme("X-Chatwoot-Signature", "sha256=", template="{timestamp}.{body}", timestamp_header="X-Timestamp")
BASE64 = HmacScheme(
    "X-Zendesk-Webhook-Signature", encoding="base64", template="{timestamp}{body}", timestamp_header="X-Timestamp"
)


@pytest.mark.parametrize(
    ("scheme", "body", "sent", "now", "signature"),
    [
        (SHA1, PLAIN, "", 0, "8d669db4408729cded05ef9b8eb608f7a4e0042b"),
        (SHA1, PLAIN, "", 0, "8D669DB4408729CDED05EF9B8EB608F7A4E0042B"),
        (PREFIXED, ZAMMAD, "", 0, "sha1=e626d5d421b76b365280ef94977cfea4b58d6d02"),
        (
            TIMED,
            CHATWOOT,
            "1700000000",
            SENT * 1000,
            "sha256=df5f9c76df82a38d4e94f94bbc5b2ab3b20dd18f20a549530d8ea5cd25149dd6",
        ),
        (BASE64, ZENDESK, ZENDESK_SENT, ZENDESK_AT, "0MfMXRQn1Xzsp9T0s8IiWVSY9y9pXg1MEz+oWLksSGM="),
        (BASE64, b"", ZENDESK_SENT, ZENDESK_AT, "XNgGe0L7doxR0HQglDCsEw1eA9ky7ty2XxBVo0LjJqU="),
    ],
)
def test_vendors(scheme: HmacScheme, body: bytes, sent: str, now: int, signature: str) -> None:
    headers = {scheme.header.lower(): signature, "x-timestamp": sent}
    scheme.verify([b"an older key", KEY], headers, body, now)
    changed = [
        (headers, body + b" ", now),
        ({**headers, scheme.header.lower(): signature[:-2]}, body, now),
        ({**headers, scheme.header.lower(): "ü"}, body, now),
        ({**headers, scheme.header.lower(): ""}, body, now),
        ({}, body, now),
    ]
    if scheme.prefix:
        changed.append(({**headers, scheme.header.lower(): signature.removeprefix(scheme.prefix)}, body, now))
    if sent:
        changed += [(headers, body, now + 5 * MINUTE + 1), (headers, body, now - 5 * MINUTE - 1)]
        changed += [({**headers, "x-timestamp": one}, body, now) for one in ("", "soon", "1700000001", "2026-01-02")]
    for forged, content, at in changed:
        with pytest.raises(WebhookRejected):
            scheme.verify([b"an older key", KEY], forged, content, at)
    with pytest.raises(WebhookRejected):
        scheme.verify([], headers, body, now)


def test_id_and_url_can_be_signed_and_braces_in_a_body_stay_what_they_are() -> None:
    scheme = HmacScheme(
        "X-Sig",
        algorithm="sha512",
        encoding="base64",
        template="{url}:{id}:{body}",
        id_header="X-Id",
        url="https://a/b",
    )

    body = b"{id}\xff"
    made = base64.b64encode(hmac.new(KEY, b"https://a/b:7:{id}\xff", hashlib.sha512).digest()).decode()
    scheme.verify([KEY], {"x-sig": made, "x-id": "7"}, body, 0)
    with pytest.raises(WebhookRejected):
        scheme.verify([KEY], {"x-sig": made, "x-id": "8"}, body, 0)


def test_without_a_tolerance_a_signed_time_may_be_of_any_age() -> None:
    scheme = replace(BASE64, tolerance=0)
    headers = {
        "x-zendesk-webhook-signature": "XNgGe0L7doxR0HQglDCsEw1eA9ky7ty2XxBVo0LjJqU=",
        "x-timestamp": ZENDESK_SENT,
    }
    scheme.verify([KEY], headers, b"", 0)


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ({"template": "{timestamp}"}, "{body}"),
        ({"template": "{body}{key}"}, "of {body}"),
        ({"template": "{{body}}"}, "of {body}"),
        ({"template": "{timestamp}{body}"}, "timestamp_header"),
        ({"template": "{id}{body}"}, "id_header"),
        ({"template": "{url}{body}"}, "url"),
        ({"timestamp_header": "X-Timestamp"}, "not signed"),
    ],
)
def test_a_description_that_proves_nothing_is_refused(keys: dict[str, str], wrong: str) -> None:
    with pytest.raises(ValueError, match="write") as refused:
        HmacScheme("X-Sig", **keys)  # type: ignore[arg-type] # texts of the table are texts of the scheme
    assert wrong in str(refused.value)
