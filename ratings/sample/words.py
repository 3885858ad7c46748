"""What customers of a sample write about, and what they say of the help they got. Pure."""

from collections.abc import Mapping, Sequence

SUBJECTS: Sequence[Mapping[str, Sequence[str]]] = (
    {
        "ru": (
            "Не приходит код подтверждения",
            "Не открывается личный кабинет",
            "Приложение зависает на входе",
            "Как сменить номер телефона",
            "Не загружается файл",
            "Пропали уведомления",
        ),
        "en": ("The app freezes at sign-in", "No confirmation code", "How do I change my number", "Upload fails"),
    },
    {
        "ru": (
            "Где мой заказ",
            "Курьер не приехал",
            "Пришёл не тот товар",
            "Перенести доставку",
            "Не приходит письмо о доставке",
            "Изменить адрес",
        ),
        "en": ("Where is my order", "The courier did not come", "Wrong item delivered", "Change the address"),
    },
    {
        "ru": ("Списали дважды", "Вернуть деньги", "Нужен счёт для бухгалтерии", "Не применился промокод"),
        "en": ("Charged twice", "Refund, please", "I need an invoice", "The promo code does not work"),
    },
    {
        "ru": ("Звонок на линию поддержки", "Обратный звонок", "Вопрос по тарифу"),
        "en": ("Call to the support line", "Callback", "A question about my plan"),
    },
)
"""By form, in the order of `cast.FORMS`, then by language."""

BAD: Mapping[str, Sequence[str]] = {
    "ru": (
        "Ждал ответа почти час",
        "Так и не помогли",
        "Отвечают шаблонами, вопрос не читают",
        "Пришлось объяснять одно и то же три раза",
        "Обращение закрыли, а проблема осталась",
        "Деньги до сих пор не вернули",
        "Перекидывали от одного к другому",
        "Грубо ответили",
        "Курьер так и не приехал, никто не извинился",
        "Очень долго",
        "Второй раз пишу о том же",
        "Ничего не понятно, что делать дальше",
    ),
    "en": (
        "Waited almost an hour for an answer",
        "Nobody solved it",
        "Canned replies, nobody read the question",
        "Closed without a fix",
        "Still waiting for my money",
        "Much too slow",
        "I had to explain it three times",
    ),
}
FAIR: Mapping[str, Sequence[str]] = {
    "ru": (
        "В целом помогли, но долго",
        "Нормально",
        "Ответили не сразу",
        "Помогли только со второго раза",
        "Хотелось бы быстрее",
        "Вопрос решён наполовину",
    ),
    "en": ("Fine, but slow", "Okay", "Half solved", "Helped at the second attempt"),
}
GOOD: Mapping[str, Sequence[str]] = {
    "ru": (
        "Спасибо, всё получилось!",
        "Быстро и понятно",
        "Очень вежливо, спасибо",
        "Помогли за пять минут",
        "Спасибо за терпение",
        "Отличная поддержка",
        "Всё объяснили по шагам",
        "Вернули деньги в тот же день, спасибо",
        "Приятно общаться",
        "👍",
        "Супер",
        "Доставку перенесли без вопросов",
    ),
    "en": (
        "Thanks, it works now!",
        "Quick and clear",
        "Very polite",
        "Solved in five minutes",
        "Great support",
        "Explained step by step, thank you",
        "👍",
    ),
}
INCIDENT: Mapping[str, Sequence[str]] = {
    "ru": (
        "Сайт лежит второй день",
        "Из-за вашего сбоя остался без заказа",
        "Заказ потерялся после сбоя",
        "Никто не знает, когда починят",
    ),
    "en": ("The site has been down for two days", "My order got lost in the outage", "Nobody knows when it will work"),
}
AGAIN: Mapping[str, Sequence[str]] = {
    "ru": (
        "Теперь всё решили, спасибо",
        "Старший специалист разобрался",
        "Всё равно осадок остался",
        "Со второго раза помогли",
    ),
    "en": ("Sorted out now, thank you", "It took two attempts, but solved", "Still not happy"),
}

COMMENT_CHANCE: Mapping[int, float] = {1: 0.5, 2: 0.42, 3: 0.24, 4: 0.12, 5: 0.14}
"""Who writes anything, by value."""

TAGS = ("повторное", "vip", "жалоба", "новый клиент", "доставка", "возврат", "b2b", "мобильное")
