"""Names for people who do not exist. Pure."""

_MEN = "Алексей Андрей Антон Артём Борис Вадим Виктор Глеб Денис Дмитрий Егор Иван Игорь Илья Кирилл Максим Михаил Никита Олег Павел Роман Сергей Тимур Юрий"
_WOMEN = "Алина Анна Валерия Вера Виктория Галина Дарья Екатерина Елена Жанна Ирина Кира Ксения Лариса Людмила Марина Мария Наталья Нина Ольга Полина Светлана Татьяна Юлия"
_SURNAMES = "Андреев Белов Васильев Волков Воробьёв Голубев Григорьев Зайцев Иванов Киселёв Козлов Кузнецов Лебедев Макаров Морозов Никитин Новиков Орлов Павлов Петров Попов Романов Семёнов Смирнов Соколов Соловьёв Степанов Тарасов Фёдоров Яковлев"
_ENGLISH = "Alice Amelia Ben Charlotte Daniel Edward Emily Emma George Grace Harry Isla Jack James Lucy Mia Noah Oliver Sophie Thomas"
_ENGLISH_SURNAMES = "Baker Bennett Brown Carter Clarke Cooper Davies Evans Foster Green Hall Hughes King Lewis Mitchell Palmer Roberts Taylor Turner Walker"

_RUSSIANS = [
    f"{name} {surname}{ending}"
    for surname in _SURNAMES.split()
    for names, ending in ((_MEN, ""), (_WOMEN, "а"))
    for name in names.split()
]
_OTHERS = [f"{name} {surname}" for surname in _ENGLISH_SURNAMES.split() for name in _ENGLISH.split()]


def _mixed(every: int) -> list[tuple[str, str]]:
    """Return (name, language), one in `every` of them English; far apart in the lists, so that neighbours differ."""
    many = len(_OTHERS) * every
    return [
        (_OTHERS[number * 7 % len(_OTHERS)], "en")
        if number % every == 0
        else (_RUSSIANS[number * 389 % len(_RUSSIANS)], "ru")
        for number in range(many)
    ]


CUSTOMERS: list[tuple[str, str]] = _mixed(7)
"""(name, language)."""

AGENTS: list[str] = [name for name, _ in _mixed(4)][:400]
