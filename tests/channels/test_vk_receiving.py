"""The VK adapter: the hook and what is answered to it, the Callback API server, and what check finds."""

import json
from dataclasses import replace
from typing import Any

import pytest

from channels.base import Finding, Handshake, HookRequest, Mode
from channels.vk import community
from net.errors import Misconfigured, Unreachable, WebhookRejected
from tests.channels.platform import Answer, Behaviour, Platform
from tests.channels.vk_kit import (
    ALL_ON,
    GROUP,
    HOOK,
    SECRET,
    TOKEN,
    account,
    answer,
    error,
    hook,
    make_vk,
    message_event,
    message_new,
    methods,
    script,
)

CONFIRMATION = HookRequest("POST", {}, json.dumps({"type": "confirmation", "group_id": GROUP}).encode())


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(community, "LOOK_AGAIN", 0.0)


def code(value: str = "a1b2c3d4") -> Answer:
    return answer({"code": value})


def server(number: int = 1, **changes: Any) -> dict[str, Any]:
    known = {"id": number, "title": "Tapfive", "creator_id": 0, "url": HOOK, "secret_key": SECRET, "status": "ok"}
    return {**known, **changes}


def servers(*found: dict[str, Any]) -> Answer:
    return answer({"count": len(found), "items": list(found)})


FOREIGN = server(7, url="https://helpdesk.example.com/vk", secret_key="theirs", title="Helpdesk")

# --- the hook


@pytest.mark.parametrize(
    "event", [message_new(), message_event({"r": f"r1:{TOKEN}:5"}), {"type": "message_reply", "object": {}}]
)
def test_every_event_is_answered_by_two_letters(event: dict[str, Any]) -> None:
    vk = make_vk("http://127.0.0.1:1")
    reply = vk.reply(hook(event))
    assert (reply.status, reply.body, reply.content_type) == (200, b"ok", "text/plain")


def test_a_redelivery_is_verified_and_read_as_the_first_delivery_was() -> None:
    vk = make_vk("http://127.0.0.1:1")
    first = hook(message_new())
    again = replace(first, headers={"x-retry-counter": "3"})
    vk.verify(again)
    assert vk.parse(again) == vk.parse(first)


def test_secret_and_community_must_both_be_right() -> None:
    vk = make_vk("http://127.0.0.1:1", ("new-secret", "old-secret"))
    for secret in ("new-secret", "old-secret"):
        vk.verify(hook({**message_new(), "secret": secret}))
        with pytest.raises(WebhookRejected):
            vk.verify(hook({**message_new(), "secret": secret, "group_id": GROUP + 1}))
    with pytest.raises(WebhookRejected):
        vk.verify(hook({**message_new(), "secret": "newer-secret"}))


def test_a_derived_secret_is_cut_to_what_vk_takes() -> None:
    derived = "0123456789abcdef" * 4
    vk = make_vk("http://127.0.0.1:1", (derived,))
    vk.verify(hook({**message_new(), "secret": derived[:50]}))
    with pytest.raises(WebhookRejected):
        vk.verify(hook({**message_new(), "secret": derived}))


@pytest.mark.parametrize("secret", [None, SECRET], ids=["without a secret", "with it"])
def test_a_confirmation_is_answered_with_the_code_that_is_set(secret: str | None) -> None:
    vk = make_vk("http://127.0.0.1:1", confirmation="c0de42")
    asked = {"type": "confirmation", "group_id": GROUP, **({"secret": secret} if secret else {})}
    request = HookRequest("POST", {}, json.dumps(asked).encode())
    vk.verify(request)
    (handshake,) = vk.parse(request)
    assert isinstance(handshake, Handshake)
    reply = vk.reply(request)
    assert (reply.status, reply.body, reply.content_type) == (200, b"c0de42", "text/plain")


@pytest.mark.parametrize("asked", [{"group_id": GROUP + 1}, {"group_id": GROUP, "secret": "wrong"}, {}])
def test_a_confirmation_of_another_community_is_refused(asked: dict[str, Any]) -> None:
    vk = make_vk("http://127.0.0.1:1", confirmation="c0de42")
    with pytest.raises(WebhookRejected):
        vk.verify(HookRequest("POST", {}, json.dumps({"type": "confirmation", **asked}).encode()))


def test_a_code_that_is_not_known_yet_has_to_be_asked_for_again() -> None:
    vk = make_vk("http://127.0.0.1:1")
    vk.verify(CONFIRMATION)
    assert vk.reply(CONFIRMATION).status == 503


# --- the Callback API server


async def test_install_asks_for_the_code_first_and_makes_a_server_beside_the_others(platform: Platform) -> None:
    script(platform, code(), servers(FOREIGN), answer({"server_id": 8}), servers(FOREIGN, server(8)), answer(1))
    platform.then.append(servers(FOREIGN, server(8)))
    async with account(platform.url) as vk:
        await vk.install(HOOK)
        assert vk.reply(CONFIRMATION).body == b"a1b2c3d4"
    assert methods(platform) == [
        "groups.getCallbackConfirmationCode",
        "groups.getCallbackServers",
        "groups.addCallbackServer",
        "groups.getCallbackServers",
        "groups.setCallbackSettings",
        "groups.getCallbackServers",
    ]
    added, switched = platform.requests[2].form, platform.requests[4].form
    assert (added["url"], added["secret_key"], added["group_id"]) == (HOOK, SECRET, str(GROUP))
    assert len(added["title"]) <= 14
    assert (switched["server_id"], switched["api_version"]) == ("8", "5.199")
    assert {name for name, value in switched.items() if value == "1"} == set(ALL_ON)


async def test_the_secret_that_is_installed_is_the_newest_as_far_as_vk_takes_it(platform: Platform) -> None:
    script(platform, code(), servers(), answer({"server_id": 8}), servers(server(8)), answer(1), servers(server(8)))
    async with account(platform.url, ("n" * 64, "o" * 64)) as vk:
        await vk.install(HOOK)
    assert platform.requests[2].form["secret_key"] == "n" * 50


async def test_installing_again_changes_nothing_but_the_switches(platform: Platform) -> None:
    script(platform, code(), servers(server(8), FOREIGN), answer(1), servers(server(8), FOREIGN))
    async with account(platform.url) as vk:
        await vk.install(HOOK)
    assert "groups.addCallbackServer" not in methods(platform)
    assert "groups.editCallbackServer" not in methods(platform)
    assert "groups.setCallbackSettings" in methods(platform)


@pytest.mark.parametrize("changes", [{"secret_key": "older"}, {"status": "failed"}, {"status": "unconfigured"}])
async def test_a_server_of_ours_that_is_not_right_is_made_right(platform: Platform, changes: dict[str, Any]) -> None:
    script(platform, code(), servers(FOREIGN, server(8, **changes)), answer(1), answer(1), servers(FOREIGN, server(8)))
    async with account(platform.url) as vk:
        await vk.install(HOOK)
    edited = platform.requests[2]
    assert edited.path == "/method/groups.editCallbackServer"
    assert (edited.form["server_id"], edited.form["secret_key"]) == ("8", SECRET)


async def test_of_two_servers_that_were_made_at_once_the_older_stays(platform: Platform) -> None:
    twins = servers(server(9), FOREIGN, server(8))
    script(platform, code(), servers(FOREIGN), answer({"server_id": 9}), twins, error(104, "Not found"), answer(1))
    platform.then.append(servers(server(8), FOREIGN))
    async with account(platform.url) as vk:
        await vk.install(HOOK)
    deleted = [request.form["server_id"] for request in platform.requests if "delete" in request.path]
    assert deleted == ["9"]


async def test_a_server_that_vk_does_not_confirm_is_tried_again_later(platform: Platform) -> None:
    for status in ("failed", "wait"):
        script(platform, code(), servers(server(8)), answer(1), servers(server(8, status=status)))
        async with account(platform.url) as vk:
            with pytest.raises(Unreachable, match=r"rate\.example\.com"):
                await vk.install(HOOK)


async def test_a_server_that_vk_confirms_after_a_while_is_installed(platform: Platform) -> None:
    waits = [servers(server(8, status="wait")) for _ in range(3)]
    script(platform, code(), *waits[:1], answer(1), *waits, servers(server(8)))
    async with account(platform.url) as vk:
        await vk.install(HOOK)


async def test_a_code_of_the_settings_is_not_asked_for(platform: Platform) -> None:
    script(platform, servers(server(8)), answer(1), servers(server(8)))
    async with account(platform.url, confirmation="c0de42") as vk:
        await vk.install(HOOK)
    assert "groups.getCallbackConfirmationCode" not in methods(platform)


@pytest.mark.parametrize("mode", [Mode.POLLING, Mode.RELAY, Mode.SEND_ONLY])
async def test_only_mode_webhook_installs(platform: Platform, mode: Mode) -> None:
    async with account(platform.url, mode=mode) as vk:
        with pytest.raises(Misconfigured):
            await vk.install(HOOK)
    assert not platform.requests


async def test_ten_servers_are_told_as_what_they_are(platform: Platform) -> None:
    script(platform, code(), servers(FOREIGN), error(2000, "Servers number limit is reached"))
    async with account(platform.url) as vk:
        with pytest.raises(Misconfigured, match="ten"):
            await vk.install(HOOK)


async def test_uninstall_removes_ours_alone(platform: Platform) -> None:
    script(platform, servers(FOREIGN, server(8)), answer(1))
    async with account(platform.url) as vk:
        await vk.uninstall(HOOK)
    assert methods(platform) == ["groups.getCallbackServers", "groups.deleteCallbackServer"]
    assert platform.requests[-1].form["server_id"] == "8"


async def test_uninstall_without_an_address_removes_what_was_installed(platform: Platform) -> None:
    async with account(platform.url) as vk:
        await vk.uninstall()
        assert not platform.requests
        script(platform, code(), servers(server(8)), answer(1), servers(server(8)), servers(server(8)), answer(1))
        await vk.install(HOOK)
        await vk.uninstall()
    assert methods(platform)[-1] == "groups.deleteCallbackServer"


# --- check

ITSELF = answer({"groups": [{"id": GROUP, "name": "Acme"}], "profiles": []})
MAY = answer({"mask": 266240, "permissions": [{"name": "messages", "setting": 4096}, {"name": "manage", "setting": 1}]})
BUTTONS = answer([{"peer_id": -GROUP, "message_id": 0, "error": {"code": 917, "description": "no access"}}])
SETTINGS = answer({"api_version": "5.199", "events": ALL_ON})
LONG_POLL = answer({"is_enabled": True, "api_version": "5.199", "events": ALL_ON})


async def found(platform: Platform, *answers: Behaviour, url: str | None = HOOK, **keys: Any) -> dict[str, Finding]:
    script(platform, *answers)
    async with account(platform.url, **keys) as vk:
        findings = await vk.check(url)
    return {finding.id: finding for finding in findings}


def levels(findings: dict[str, Finding]) -> dict[str, str]:
    return {name: finding.level for name, finding in findings.items()}


async def test_all_is_well(platform: Platform) -> None:
    findings = await found(platform, ITSELF, MAY, BUTTONS, servers(FOREIGN, server(8)), SETTINGS)
    assert levels(findings) == dict.fromkeys(
        ("vk.token", "vk.permissions", "vk.bot_capabilities", "vk.callback", "vk.events"), "ok"
    )
    assert "Acme" in findings["vk.token"].text


async def test_what_is_no_api_is_not_blamed_on_the_key_alone(platform: Platform) -> None:
    findings = await found(platform, Answer(status=404, body=b"nothing here"))
    assert levels(findings) == {"vk.token": "error"}
    assert "api_url" in findings["vk.token"].hint


async def test_a_key_of_another_community_is_found(platform: Platform) -> None:
    findings = await found(platform, answer({"groups": [{"id": 77, "name": "Other"}], "profiles": []}))
    assert levels(findings) == {"vk.token": "error"}
    assert "77" in findings["vk.token"].hint


@pytest.mark.parametrize(
    ("names", "mode", "level"),
    [
        (["messages"], Mode.WEBHOOK, "error"),
        (["manage"], Mode.SEND_ONLY, "error"),
        (["messages"], Mode.SEND_ONLY, "ok"),
        (["messages"], Mode.RELAY, "ok"),
        ([], Mode.RELAY, "error"),
    ],
)
async def test_missing_rights_are_found(platform: Platform, names: list[str], mode: Mode, level: str) -> None:
    may = answer({"mask": 0, "permissions": [{"name": name} for name in names]})
    findings = await found(platform, ITSELF, may, BUTTONS, servers(), mode=mode)
    assert findings["vk.permissions"].level == level


async def test_bot_capabilities_that_are_off_are_found_without_writing_to_anybody(platform: Platform) -> None:
    off = error(912, "This is a chat bot feature, change this status in settings")
    findings = await found(platform, ITSELF, MAY, off, mode="send-only")
    assert findings["vk.bot_capabilities"].level == "error"
    probe = next(request.form for request in platform.requests if request.path.endswith("messages.send"))
    assert probe["peer_ids"] == str(-GROUP)
    inside = answer([{"peer_id": -GROUP, "error": {"code": 912, "description": "off"}}])
    assert (await found(platform, ITSELF, MAY, inside, mode="send-only"))["vk.bot_capabilities"].level == "error"


@pytest.mark.parametrize(
    ("ours", "url", "level"),
    [
        ([], HOOK, "error"),
        ([server(8, status="failed")], HOOK, "error"),
        ([server(8), server(9)], HOOK, "warning"),
        ([], None, "error"),
    ],
)
async def test_where_events_go_is_found(
    platform: Platform, ours: list[dict[str, Any]], url: str | None, level: str
) -> None:
    answers = [] if url is None else [servers(FOREIGN, *ours)]
    findings = await found(platform, ITSELF, MAY, BUTTONS, *answers, SETTINGS, url=url)
    assert findings["vk.callback"].level == level


@pytest.mark.parametrize(("off", "level"), [("message_event", "error"), ("message_edit", "warning")])
async def test_events_that_are_off_are_found(platform: Platform, off: str, level: str) -> None:
    settings = answer({"api_version": "5.199", "events": {**ALL_ON, off: 0}})
    findings = await found(platform, ITSELF, MAY, BUTTONS, servers(server(8)), settings)
    assert findings["vk.events"].level == level
    assert off in findings["vk.events"].text


@pytest.mark.parametrize(
    ("state", "level"),
    [
        ({"is_enabled": False}, "error"),
        ({"events": {**ALL_ON, "message_event": 0}}, "error"),
        ({"events": {**ALL_ON, "message_deny": 0}}, "warning"),
        ({}, "ok"),
    ],
)
async def test_the_long_polls_state_is_found(platform: Platform, state: dict[str, Any], level: str) -> None:
    settings = answer({"is_enabled": True, "api_version": "5.199", "events": ALL_ON, **state})
    findings = await found(platform, ITSELF, MAY, BUTTONS, settings, mode="polling")
    assert findings["vk.long_poll"].level == level


async def test_a_relay_needs_no_server_of_ours(platform: Platform) -> None:
    findings = await found(platform, ITSELF, MAY, BUTTONS, servers(FOREIGN), mode="relay")
    assert findings["vk.callback"].level == "ok"
    refused = await found(platform, ITSELF, MAY, BUTTONS, error(15, "Access denied"), mode="relay")
    assert refused["vk.callback"].level == "warning"


async def test_a_relay_without_its_confirmation_is_told_so(platform: Platform) -> None:
    waiting = servers(server(8, status="unconfigured"))
    findings = await found(platform, ITSELF, MAY, BUTTONS, waiting, SETTINGS, mode="relay")
    assert "confirmation" in findings["vk.callback"].hint
