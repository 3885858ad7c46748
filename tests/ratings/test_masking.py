"""What agents read of customers' words: without what tells who wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.masking import HIDDEN, mask


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # telephones
        ("Позвоните +7 926 123-45-67, жду", "Позвоните •••, жду"),
        ("тел. 8(495)123-45-67", "тел. •••"),
        ("89261234567 Анна", "••• Анна"),
        ("мой 123-45-67", "мой •••"),
        ("call me on +44 20 7946 0958 today", "call me on ••• today"),
        ("(555) 555-0199 or 555-0199", "••• or •••"),
        ("+380 (44) 123 45 67", "•••"),
        ("8 926 123 45 67", "•••"),
        # cards and accounts
        ("карта 4276 1234 5678 9012", "карта •••"),
        ("card 4111-1111-1111-1111.", "card •••."),
        ("счёт 40817810099910004312", "счёт •••"),
        ("IBAN DE89 3704 0044 0532 0130 00, please", "IBAN •••, please"),
        # papers
        ("паспорт 4509 123456", "паспорт •••"),
        ("Паспорт серия 45 09 номер 123456 выдан", "Паспорт серия ••• номер ••• выдан"),
        ("серия 4509 № 123456", "серия ••• № •••"),
        ("загранпаспорт 75 1234567", "загранпаспорт •••"),
        ("паспорт ФВ 123456", "паспорт •••"),
        ("my passport is C01X00T47, ok", "my passport is •••, ok"),
        ("passport no. 123456789", "passport no. •••"),
        ("СНИЛС 112-233-445 95", "СНИЛС •••"),
        # mail
        ("пишите на ann.b+tap@example.org!", "пишите на •••!"),
        ("почта иван@пример.рф", "почта •••"),
        ("<ann@example.co.uk>", "<•••>"),
        # what stays
        ("Ждал с 12.05.2026 14:30 до 13.05.2026", "Ждал с 12.05.2026 14:30 до 13.05.2026"),
        ("since 2026-11-29 14:05, really", "since 2026-11-29 14:05, really"),
        ("заказ 123456 за 1 500 000 руб.", "заказ 123456 за 1 500 000 руб."),
        ("оценка 5 из 5, 100 %", "оценка 5 из 5, 100 %"),
        ("24/7, 10-15 минут, кабинет 305", "24/7, 10-15 минут, кабинет 305"),
        ("2:0 в вашу пользу @ 5", "2:0 в вашу пользу @ 5"),
        ("", ""),
    ],
)
def test_what_tells_who_wrote_is_hidden(text: str, shown: str) -> None:
    assert mask(text) == shown
    assert mask(shown) == shown


@given(
    st.text(max_size=60),
    st.from_regex(r"\+7 9\d\d \d{3}-\d\d-\d\d|[a-z]{2,9}@[a-z]{2,9}\.ru|\d{4} \d{4} \d{4} \d{4}", fullmatch=True),
)
def test_it_is_hidden_wherever_it_stands(around: str, personal: str) -> None:
    shown = mask(f"{around}\n{personal}\n{around}")
    assert personal not in shown
    assert HIDDEN in shown
