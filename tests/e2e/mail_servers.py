"""A real mail server and a real mailbox server, Exim and Dovecot, in a folder of their own and on loopback ports.

Neither gets any rights: root starts them as nobody, anybody else as themselves.

Two domains are at home here. `example.org` is ours: `support` has a mailbox, which `support+anything` leads to as well,
and `taker` is handed over by LMTP as docs/channels/email.md says. `example.net` is the customers': whom it does not know
is refused at once, but for names that begin with "lost-": those are accepted, found to be nobody's, and bounced.
`far.example` lies behind a second port of the same server, which refuses as a recipient's server on the internet would;
so its bounces quote a refusal.
"""

import grp
import os
import pwd
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
from imap_tools import MailBoxUnencrypted

PASSWORD = "mail-pass"
PEOPLE = ("support", "ann", "boris", "анна")
"""Who has a mailbox."""

_PLACES = "/usr/sbin:/usr/local/sbin:/sbin"  # few have these on their PATH
_START_SECONDS = 15.0
_STOP_SECONDS = 5.0
_WAIT_SECONDS = 15.0
_TRIES = 3
_DOCS = Path(__file__).parents[2] / "docs" / "channels" / "email.md"

_EXIM = """
primary_hostname = mail.example.org
exim_user = {user}
exim_group = {group}
spool_directory = {folder}/spool
log_file_path = {folder}/%s.log
pid_file_path = {folder}/exim.pid
notifier_socket =
keep_environment =
domainlist ours = example.org : example.net
local_interfaces = 127.0.0.1.{smtp} : 127.0.0.1.{far}
tls_advertise_hosts = *
tls_certificate = {folder}/certificate.pem
tls_privatekey = {folder}/key.pem
smtputf8_advertise_hosts = *
auth_advertise_hosts = *
rfc1413_query_timeout = 0s
never_users =
deliver_drop_privilege = true
acl_smtp_rcpt = recipient
acl_smtp_data = accept

begin acl
recipient:
  warn    control = dkim_disable_verify
  deny    recipients = nobody@far.example
          condition = ${{if eq{{$received_port}}{{{far}}}}}
          message = 550 5.1.1 no such user here
  deny    recipients = full@far.example
          condition = ${{if eq{{$received_port}}{{{far}}}}}
          message = 552 5.2.2 mailbox full
  deny    recipients = spam@far.example
          condition = ${{if eq{{$received_port}}{{{far}}}}}
          message = 550 5.7.1 refused by policy
  accept  domains = far.example
  defer   recipients = later@example.net
          message = 451 4.7.1 greylisted, come back in five minutes
  deny    recipients = policy@example.net
          message = 550 5.7.26 unauthenticated mail
  accept  local_parts = ^lost-
          domains = example.net
  require domains = +ours
          verify = recipient
  accept

begin routers
{router}

far:
  driver = manualroute
  domains = far.example
  route_list = * 127.0.0.1
  self = send
  transport = far_smtp

people:
  driver = accept
  domains = +ours
  local_parts = lsearch;{folder}/people
  local_part_suffix = +*
  local_part_suffix_optional
  transport = maildir

begin transports
{transport}

far_smtp:
  driver = smtp
  port = {far}
  allow_localhost
  hosts_avoid_tls = *

maildir:
  driver = appendfile
  directory = {folder}/mail/$local_part_data/Maildir
  maildir_format
  delivery_date_add
  envelope_to_add
  return_path_add

begin retry
* * F,1h,15m

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if and {{{{eq{{$auth2}}{{support}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""

_DOVECOT = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_username_chars =
auth_failure_delay = 0
mail_location = maildir:~/Maildir
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n
}}
"""


@dataclass(frozen=True)
class MailServers:
    """Running servers. `smtp`, `imap`, `imaps`, `lmtp` are ports; nobody of ours listens on the last one yet."""

    folder: Path
    exim: Sequence[str]
    smtp: int
    imap: int
    imaps: int
    lmtp: int

    def hand_in(self, sender: str, recipient: str, mail: bytes) -> None:
        """Send a mail as a customer's program does."""
        with smtplib.SMTP("127.0.0.1", self.smtp, "client.example.net", timeout=10) as client:
            client.sendmail(sender, [recipient], mail)

    def last_uid(self, person: str) -> int:
        """The number of the latest mail in a mailbox, 0 in an empty one."""
        with self._mailbox(person) as box:
            return max((int(uid) for uid in box.uids()), default=0)

    def marked(self, person: str) -> int:
        """How many mails in a mailbox were read, marked, or answered, as far as it knows."""
        with self._mailbox(person) as box:
            return len(box.uids("OR SEEN OR FLAGGED OR ANSWERED DELETED"))

    def next_mail(self, person: str, after: int) -> bytes:
        """The first mail behind a number, octet by octet, as soon as it is there."""
        deadline = time.monotonic() + _WAIT_SECONDS
        with self._mailbox(person) as box:
            while time.monotonic() < deadline:
                new = sorted(uid for uid in map(int, box.uids(f"UID {after + 1}:*")) if uid > after)
                if new:
                    _, answer = box.client.uid("FETCH", str(new[0]), "(BODY.PEEK[])")
                    return bytes(answer[0][1])
                box.idle.wait(timeout=0.05)  # some machines do not tell of changes in a folder: so a look now and then
        raise AssertionError(f"no mail came:\n{self.log()}")

    def run_queue(self) -> None:
        """Try again what could not be delivered, and wait for that."""
        subprocess.run([*self.exim, "-qf"], check=True, capture_output=True, timeout=_WAIT_SECONDS, **_as_nobody())

    def queued(self) -> int:
        """How many mails wait for delivery."""
        asked = subprocess.run(
            [*self.exim, "-bpc"], check=True, capture_output=True, timeout=_WAIT_SECONDS, **_as_nobody()
        )
        return int(asked.stdout)

    def log(self) -> str:
        """What the servers wrote."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    @contextmanager
    def _mailbox(self, person: str) -> Iterator[MailBoxUnencrypted]:
        box = MailBoxUnencrypted("127.0.0.1", self.imap, timeout=_WAIT_SECONDS)
        with box.login_utf8(person, PASSWORD):
            yield box


@contextmanager
def mail_servers() -> Iterator[MailServers]:
    """Run both. Skips the test where a program is missing or does not start; in CI that is a failure."""
    programs = _programs()
    # Not pytest's own folder: nobody may look into that, and the path of a socket has little room.
    folder = Path(tempfile.mkdtemp(prefix="tapfive-mail-"))
    started: list[subprocess.Popen[bytes]] = []
    said = ""
    try:
        for _ in range(_TRIES):  # a port that was free may be taken meanwhile
            servers = _written(folder, programs[0])
            started = [
                _start([*servers.exim, "-bdf"], folder),
                _start([programs[1], "-F", "-c", str(folder / "dovecot.conf")], folder),
            ]
            if _ready(started[0], servers.smtp) and _ready(started[1], servers.imap):
                yield servers
                return
            _stop(started)
            said = servers.log()
        _give_up(f"exim4 or dovecot does not start here:\n{said}")
    finally:
        _stop(started)
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> tuple[str, str]:
    exim, dovecot = (shutil.which(name) or shutil.which(name, path=_PLACES) for name in ("exim4", "dovecot"))
    if not exim or not dovecot:
        _give_up("no exim4 or no dovecot: install Debian's `exim4-daemon-light` and `dovecot-imapd`")
    return exim, dovecot


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("CI"):  # noqa: TID251 - CI tells that it is CI by the environment alone
        pytest.fail(reason)
    pytest.skip(reason)


def _written(folder: Path, exim: str) -> MailServers:
    """Everything that the servers read, for ports that are free just now."""
    smtp, far, imap, imaps, lmtp = _free_ports(5)
    user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    router, transport = documented_exim(lmtp)
    values = {
        "folder": folder,
        "user": user.pw_name,
        "group": grp.getgrgid(user.pw_gid).gr_name,
        "uid": user.pw_uid,
        "gid": user.pw_gid,
        "password": PASSWORD,
        "router": router,
        "transport": transport,
        "smtp": smtp,
        "far": far,
        "imap": imap,
        "imaps": imaps,
    }
    (folder / "people").write_text("".join(f"{person}: {person}\n" for person in PEOPLE))
    (folder / "exim.conf").write_text(_EXIM.format_map(values))
    (folder / "dovecot.conf").write_text(_DOVECOT.format_map(values))
    for name in ("mail", "spool", "run"):
        (folder / name).mkdir(exist_ok=True)
    _make_certificate(folder)
    if os.getuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, user.pw_uid, user.pw_gid)
    return MailServers(folder, (exim, "-C", str(folder / "exim.conf")), smtp, imap, imaps, lmtp)


def documented_exim(lmtp: int) -> tuple[str, str]:
    """Router and transport as docs/channels/email.md gives them, with our names in place of its own."""
    block = re.search(r"\nExim, a router.*?```\n(.*?)```", _DOCS.read_text(), re.DOTALL)
    assert block is not None
    text = block[1].replace("support", "taker").replace("example.com", "example.org").replace("2424", str(lmtp))
    router, transport = text.strip().split("\n\n")
    return router, transport


def _make_certificate(folder: Path) -> None:
    asked = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=mail"
    files = ("-keyout", folder / "key.pem", "-out", folder / "certificate.pem")
    subprocess.run([*asked.split(), *files], check=True, capture_output=True)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _as_nobody() -> dict[str, Any]:
    """Exim runs deliveries with no rights then, and Dovecot wants no folders of the system's."""
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []} if os.getuid() == 0 else {}


def _start(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / f"{Path(command[0]).name}.out.log").open("ab") as out:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            **_as_nobody(),
        )


def _ready(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until somebody answers there; False when the program ended, or took too long."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            return bool(connection.recv(1))
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
            return False
    return False


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End whole groups: each server has children, and a delivery may be under way."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
