"""What scanners and people do with the links of one mail, as it was seen or told of; `test_link_traces` replays every trace.

A line is: seconds since the server took the mail, who, what. GET and HEAD open a link (`-` is the page without a value, `trap`
the link that nobody sees, `prefetch` before the value is what a browser says when it only fetches in advance). AUTO is the page's
script with nobody touching the page, GESTURE the first touch, BUTTON the form's button, COMMENT the button with words.
WITHDRAW takes the rating back.
"""

from typing import NamedTuple

AGENTS = {
    "gateway": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36",
    "checker": "python-requests/2.32",
    "chat": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "outlook": "OneOutlook/1.2026.1118",
    "ann": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/19.0 Safari/605.1.15",
    "ann-phone": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "bob": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}
"""Who comes, and what their program says of itself. The gateway says what a customer's browser says."""


class Trace(NamedTuple):
    """What was done, and the value that counts in the end (None: none does). `confirm` is the survey's confirm_links."""

    name: str
    counts: int | None
    lines: str
    confirm: bool = False


SCANNERS = (
    Trace(
        "a gateway opens all links in order",
        None,
        """
        1    gateway  GET 1
        1.2  gateway  GET 2
        1.4  gateway  GET 3
        1.6  gateway  GET 4
        1.8  gateway  GET 5
        2    gateway  GET trap
        """,
    ),
    Trace(
        "a storm of HEAD, then of GET, then again at the customer's click",
        None,
        """
        0.5  checker  HEAD 1
        0.5  checker  HEAD 2
        0.6  checker  HEAD 3
        0.6  checker  HEAD 4
        0.7  checker  HEAD 5
        3    checker  GET 5
        3    checker  GET 1
        900  outlook  HEAD 5
        901  outlook  GET 5
        """,
    ),
    Trace(
        "a crawler presses two buttons and then follows the link that nobody sees",
        None,
        """
        17   gateway  GET 1
        18   gateway  BUTTON 1
        19   gateway  GET 2
        20   gateway  BUTTON 2
        22   gateway  GET trap
        """,
    ),
    Trace(
        "a crawler follows the link that nobody sees and then presses one button",
        None,
        """
        17   gateway  GET trap
        18   gateway  GET 1
        19   gateway  BUTTON 1
        """,
    ),
    Trace(
        "a browser runs the script of every page at once",
        None,
        """
        2    gateway  GET 1
        4    gateway  AUTO 1
        4.5  gateway  GET 2
        6.5  gateway  AUTO 2
        7    gateway  GET 3
        9    gateway  AUTO 3
        9.5  gateway  GET 4
        11.5 gateway  AUTO 4
        12   gateway  GET 5
        14   gateway  AUTO 5
        """,
    ),
    Trace(
        "a browser runs scripts, and starts when the mail is out for long",
        None,
        """
        30   gateway  GET 5
        32   gateway  AUTO 5
        70   gateway  GET 4
        72   gateway  AUTO 4
        110  gateway  GET 3
        112  gateway  AUTO 3
        150  gateway  GET 2
        152  gateway  AUTO 2
        190  gateway  GET 1
        192  gateway  AUTO 1
        """,
    ),
    Trace(
        "a slow one runs the script of one page every four minutes",
        None,
        """
        240  gateway  GET 1
        243  gateway  AUTO 1
        480  gateway  GET 2
        483  gateway  AUTO 2
        720  gateway  GET 3
        723  gateway  AUTO 3
        960  gateway  GET 4
        963  gateway  AUTO 4
        1200 gateway  GET 5
        1203 gateway  AUTO 5
        """,
    ),
    Trace(
        "a crawler presses the button of every page right after the mail was taken",
        None,
        """
        1    gateway  GET 1
        1.5  gateway  BUTTON 1
        2    gateway  GET 2
        2.5  gateway  BUTTON 2
        3    gateway  GET 3
        3.5  gateway  BUTTON 3
        4    gateway  GET 4
        4.5  gateway  BUTTON 4
        5    gateway  GET 5
        5.5  gateway  BUTTON 5
        """,
    ),
    Trace(
        "a crawler touches and presses on every page, from the fifteenth second on",
        None,
        """
        15   gateway  GET 1
        15.3 gateway  GESTURE 1
        15.6 gateway  BUTTON 1
        20   gateway  GET 2
        20.3 gateway  GESTURE 2
        20.6 gateway  BUTTON 2
        25   gateway  GET 3
        25.3 gateway  GESTURE 3
        25.6 gateway  BUTTON 3
        30   gateway  GET 4
        30.6 gateway  BUTTON 4
        35   gateway  GET 5
        35.6 gateway  BUTTON 5
        """,
    ),
    Trace(
        "a crawler presses 5 to 1, twenty-five seconds a page",
        None,
        """
        20   gateway  GET 5
        24   gateway  BUTTON 5
        45   gateway  GET 4
        49   gateway  BUTTON 4
        70   gateway  GET 3
        74   gateway  BUTTON 3
        95   gateway  GET 2
        99   gateway  BUTTON 2
        120  gateway  GET 1
        124  gateway  BUTTON 1
        """,
    ),
    Trace(
        "a crawler opens every link first, and then presses one button",
        None,
        """
        15   gateway  GET 1
        16   gateway  GET 2
        17   gateway  GET 3
        18   gateway  GET 4
        19   gateway  GET 5
        21   gateway  BUTTON 1
        """,
    ),
    Trace(
        "a browser fetches in advance, and its script runs",
        None,
        """
        40   gateway  GET prefetch 5
        42   gateway  AUTO prefetch 5
        """,
    ),
    Trace(
        "a scanner follows the link that nobody sees, opens one other, and runs its script",
        None,
        """
        60   gateway  GET trap
        62   gateway  GET 3
        65   gateway  AUTO 3
        """,
    ),
    Trace(
        "a scanner follows the link that nobody sees, and presses one button",
        None,
        """
        5    gateway  GET trap
        6    gateway  GET 3
        8    gateway  BUTTON 3
        """,
    ),
    Trace(
        "a chat shows a preview of the link, in a browser",
        None,
        """
        300  chat     GET 4
        303  chat     AUTO 4
        """,
    ),
    Trace(
        "a gateway opens a single link at once and runs its script",
        None,
        """
        2    gateway  GET 5
        4    gateway  AUTO 5
        """,
    ),
    Trace(
        "a browser that nobody touches, where the survey demands a touch",
        None,
        """
        300  ann      GET 4
        303  ann      AUTO 4
        """,
        confirm=True,
    ),
)
"""Robots: in the end nothing counts, and nothing counted for so long that it had an outcome."""

PEOPLE = (
    Trace(
        "somebody presses in the fourth second",
        4,
        """
        3    ann      GET 4
        4    ann      BUTTON 4
        """,
    ),
    Trace(
        "somebody reads, touches, and writes",
        2,
        """
        600  ann      GET 2
        603  ann      GESTURE 2
        640  ann      COMMENT 2 долго ждал
        """,
    ),
    Trace(
        "somebody opens the link and touches nothing",
        4,
        """
        300  ann      GET 4
        303  ann      AUTO 4
        """,
    ),
    Trace(
        "somebody touches, where the survey demands it",
        4,
        """
        300  ann      GET 4
        303  ann      AUTO 4
        320  ann      GESTURE 4
        """,
        confirm=True,
    ),
    Trace(
        "the browser has fetched every link in advance",
        5,
        """
        100  ann      GET prefetch 1
        100  ann      GET prefetch 2
        100  ann      GET prefetch 3
        100  ann      GET prefetch 4
        100  ann      GET prefetch 5
        104  ann      GET 5
        107  ann      BUTTON 5
        """,
    ),
    Trace(
        "a proxy scans every link when one is clicked",
        5,
        """
        200  checker  GET 5
        201  gateway  GET 1
        201  gateway  GET 2
        202  gateway  GET 3
        202  gateway  GET 4
        203  gateway  GET trap
        204  ann      GET 5
        207  ann      BUTTON 5
        """,
    ),
    Trace(
        "two devices, one rating each",
        3,
        """
        120  ann-phone GET 5
        123  ann-phone GESTURE 5
        4000 ann       GET 3
        4002 ann       BUTTON 3
        """,
    ),
    Trace(
        "two devices: the second one only looks",
        5,
        """
        120  ann-phone GET 5
        123  ann-phone GESTURE 5
        4000 ann       GET 3
        4003 ann       AUTO 3
        """,
    ),
    Trace(
        "the mail is forwarded, and a second person answers later",
        1,
        """
        120  ann      GET 4
        125  ann      BUTTON 4
        7000 chat     GET 4
        7001 chat     GET 1
        7200 bob      GET 1
        7215 bob      BUTTON 1
        """,
    ),
    Trace(
        "without scripts there is only the button",
        3,
        """
        55   ann      GET 3
        80   ann      BUTTON 3
        81   ann      GET -
        """,
    ),
    Trace(
        "a slip is corrected on the page",
        5,
        """
        90   ann      GET 1
        91   ann      GESTURE 1
        100  ann      BUTTON 5
        """,
    ),
    Trace(
        "a change of mind by a second link of the mail",
        2,
        """
        90   ann      GET 4
        93   ann      BUTTON 4
        110  ann      GET 2
        114  ann      BUTTON 2
        """,
    ),
    Trace(
        "a change of mind, and back",
        4,
        """
        90   ann      GET 4
        93   ann      BUTTON 4
        300  ann      GET 2
        304  ann      BUTTON 2
        340  ann      BUTTON 4
        """,
    ),
    Trace(
        "taken back",
        None,
        """
        90   ann      GET 4
        93   ann      BUTTON 4
        300  ann      WITHDRAW
        """,
    ),
    Trace(
        "taken back, and given again",
        3,
        """
        90   ann      GET 4
        93   ann      BUTTON 4
        300  ann      WITHDRAW
        400  ann      BUTTON 3
        """,
    ),
)
"""People: exactly what they meant counts."""

MIXED = (
    Trace(
        "a gateway runs every script, a person comes five minutes later",
        4,
        """
        1    gateway  GET 1
        2    gateway  AUTO 1
        3    gateway  GET 2
        4    gateway  AUTO 2
        5    gateway  GET 3
        6    gateway  AUTO 3
        7    gateway  GET 4
        8    gateway  AUTO 4
        9    gateway  GET 5
        10   gateway  AUTO 5
        310  ann      GET 4
        313  ann      BUTTON 4
        """,
    ),
    Trace(
        "a crawler presses every button, a person with the same browser comes five minutes later",
        4,
        """
        15   gateway  GET 1
        16   gateway  BUTTON 1
        17   gateway  GET 2
        18   gateway  BUTTON 2
        19   gateway  GET 3
        20   gateway  BUTTON 3
        21   gateway  GET 4
        22   gateway  BUTTON 4
        23   gateway  GET 5
        24   gateway  BUTTON 5
        324  gateway  GET 4
        330  gateway  BUTTON 4
        """,
    ),
    Trace(
        "a crawler presses every button, and the mail is read seconds later",
        2,
        """
        17   gateway  GET 1
        18   gateway  BUTTON 1
        19   gateway  GET 2
        20   gateway  BUTTON 2
        21   gateway  GET 3
        22   gateway  BUTTON 3
        23   gateway  GET 4
        24   gateway  BUTTON 4
        25   gateway  GET 5
        26   gateway  BUTTON 5
        33   ann      GET 2
        34   ann      GESTURE 2
        39   ann      COMMENT 2 slow
        """,
    ),
    Trace(
        "a crawler presses every button while a person is at the page",
        4,
        """
        15   ann      GET 4
        16   gateway  GET 1
        16   gateway  BUTTON 1
        17   ann      BUTTON 4
        18   gateway  GET 2
        18   gateway  BUTTON 2
        19   gateway  GET 3
        19   gateway  BUTTON 3
        """,
    ),
    Trace(
        "a person is faster than the gateway",
        5,
        """
        5    ann      GET 5
        7    ann      BUTTON 5
        8    gateway  GET 1
        8    gateway  GET 2
        9    gateway  GET 3
        9    gateway  GET 4
        10   gateway  GET 5
        """,
    ),
    Trace(
        "a person answers, and the gateway comes back in the night, scripts and all",
        2,
        """
        400   ann      GET 2
        404   ann      BUTTON 2
        20000 gateway  GET 1
        20002 gateway  AUTO 1
        20003 gateway  GET 2
        20005 gateway  AUTO 2
        20006 gateway  GET 3
        20008 gateway  AUTO 3
        20009 gateway  GET 4
        20011 gateway  AUTO 4
        20012 gateway  GET 5
        20014 gateway  AUTO 5
        """,
    ),
    Trace(
        "a person answers, and the gateway comes back, opens all and presses one button",
        5,
        """
        400   ann      GET 5
        404   ann      BUTTON 5
        20000 gateway  GET 1
        20001 gateway  GET 2
        20002 gateway  GET 3
        20003 gateway  GET 4
        20004 gateway  GET 5
        20006 gateway  BUTTON 1
        """,
    ),
    Trace(
        "a person answers, and the gateway comes back and runs the script of one page",
        5,
        """
        400   ann      GET 5
        404   ann      BUTTON 5
        20000 gateway  GET 1
        20003 gateway  AUTO 1
        """,
    ),
    Trace(
        "a person answers untouched, touches when the gateway is long gone, and it comes back to one page",
        4,
        """
        300   ann      GET 4
        303   ann      AUTO 4
        1900  ann      GESTURE 4
        20000 gateway  GET 1
        20003 gateway  AUTO 1
        """,
    ),
    Trace(
        "a gateway opens every link, a person opens one half an hour later and touches nothing",
        4,
        """
        1    gateway  GET 1
        1    gateway  GET 2
        1    gateway  GET 3
        1    gateway  GET 4
        2    gateway  GET 5
        1800 ann      GET 4
        1803 ann      AUTO 4
        """,
    ),
    Trace(
        "a rating is taken back, and the gateway comes to look at it",
        None,
        """
        90   ann      GET 4
        93   ann      BUTTON 4
        300  ann      WITHDRAW
        400  gateway  GET 1
        402  gateway  AUTO 1
        403  gateway  GET 5
        405  gateway  AUTO 5
        """,
    ),
)
"""Both: the person's."""

EVERY = SCANNERS + PEOPLE + MIXED
