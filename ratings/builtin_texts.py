"""The built-in texts: data alone. Every language has every key of every other."""

BUILT_IN: dict[str, dict[str, str]] = {
    "ru": {
        "question": "Как мы справились с вашим обращением «{ticket.subject}»?",
        "reminder": "Нам важно ваше мнение: как мы справились с вашим обращением «{ticket.subject}»?",
        "thanks": "{symbol} Спасибо! Ваша оценка принята.",
        "ask_comment": "Хотите добавить пару слов? Просто напишите их сюда.",
        "comment_saved": "Спасибо! Мы передали ваши слова коллегам.",
        "acknowledged": "{symbol} Спасибо! Оценка принята.",
        "button_change": "Изменить оценку",
        "button_comment": "Добавить комментарий",
        "button_skip": "Без комментария",
        "button_never": "Больше не спрашивать",
        "stands": "Спасибо! Ваша оценка уже учтена и больше не меняется.",
        "expired": "Срок для оценки этого обращения уже прошёл. Спасибо, что откликнулись!",
        "words_only": "Мы можем сохранить в комментарии только текст. Напишите, пожалуйста, словами.",
        "not_ours": (
            "Этот бот только собирает оценки, и ваш вопрос здесь никто не увидит. "
            "Пожалуйста, напишите в поддержку туда, куда писали раньше."
        ),
        "opted_out": "Хорошо, больше не будем просить вас об оценке.",
        "welcome": "Здравствуйте! Когда ваше обращение закроют, мы спросим здесь, как мы с ним справились.",
        "opted_in": "Спасибо! Мы снова сможем просить вас об оценке.",
    },
    "en": {
        "question": "How did we do with your request “{ticket.subject}”?",
        "reminder": "Your opinion matters to us: how did we do with your request “{ticket.subject}”?",
        "thanks": "{symbol} Thank you! Your rating is saved.",
        "ask_comment": "Would you like to add a few words? Just write them here.",
        "comment_saved": "Thank you! We have passed your words on to the team.",
        "acknowledged": "{symbol} Thank you! Your rating is saved.",
        "button_change": "Change rating",
        "button_comment": "Add a comment",
        "button_skip": "No comment",
        "button_never": "Do not ask again",
        "stands": "Thank you! Your rating is already counted and can no longer be changed.",
        "expired": "The time to rate this request is over. Thank you for coming back to us!",
        "words_only": "We can only keep text as a comment. Please write it in words.",
        "not_ours": (
            "This bot only takes ratings, and nobody would see your question here. "
            "Please write to support where you wrote before."
        ),
        "opted_out": "All right, we will not ask you for a rating again.",
        "welcome": "Hello! When your request is closed, we will ask you here how we did.",
        "opted_in": "Thank you! We may ask you for a rating again.",
    },
    "uk": {
        "question": "Як ми впоралися з вашим зверненням «{ticket.subject}»?",
        "reminder": "Нам важлива ваша думка: як ми впоралися з вашим зверненням «{ticket.subject}»?",
        "thanks": "{symbol} Дякуємо! Вашу оцінку прийнято.",
        "ask_comment": "Бажаєте додати кілька слів? Просто напишіть їх сюди.",
        "comment_saved": "Дякуємо! Ми передали ваші слова колегам.",
        "acknowledged": "{symbol} Дякуємо! Оцінку прийнято.",
        "button_change": "Змінити оцінку",
        "button_comment": "Додати коментар",
        "button_skip": "Без коментаря",
        "button_never": "Більше не запитувати",
        "stands": "Дякуємо! Вашу оцінку вже враховано, і змінити її більше не можна.",
        "expired": "Час для оцінки цього звернення вже минув. Дякуємо, що відгукнулися!",
        "words_only": "У коментарі ми можемо зберегти лише текст. Напишіть, будь ласка, словами.",
        "not_ours": (
            "Цей бот лише збирає оцінки, і вашого запитання тут ніхто не побачить. "
            "Будь ласка, напишіть у підтримку туди, куди писали раніше."
        ),
        "opted_out": "Добре, більше не проситимемо вас про оцінку.",
        "welcome": "Вітаємо! Коли ваше звернення закриють, ми запитаємо тут, як ми з ним впоралися.",
        "opted_in": "Дякуємо! Ми знову зможемо просити вас про оцінку.",
    },
    "pl": {
        "question": "Jak poradziliśmy sobie z Państwa zgłoszeniem „{ticket.subject}”?",
        "reminder": "Państwa opinia jest dla nas ważna: jak poradziliśmy sobie ze zgłoszeniem „{ticket.subject}”?",
        "thanks": "{symbol} Dziękujemy! Ocena została zapisana.",
        "ask_comment": "Czy chcą Państwo dodać kilka słów? Wystarczy napisać je tutaj.",
        "comment_saved": "Dziękujemy! Przekazaliśmy Państwa słowa zespołowi.",
        "acknowledged": "{symbol} Dziękujemy! Ocena została zapisana.",
        "button_change": "Zmień ocenę",
        "button_comment": "Dodaj komentarz",
        "button_skip": "Bez komentarza",
        "button_never": "Nie pytaj więcej",
        "stands": "Dziękujemy! Ocena jest już uwzględniona i nie można jej zmienić.",
        "expired": "Czas na ocenę tego zgłoszenia już minął. Dziękujemy za odpowiedź!",
        "words_only": "W komentarzu możemy zapisać tylko tekst. Prosimy napisać słowami.",
        "not_ours": (
            "Ten bot tylko zbiera oceny i nikt nie zobaczy tu Państwa pytania. "
            "Prosimy napisać do pomocy technicznej tam, gdzie wcześniej."
        ),
        "opted_out": "Dobrze, nie będziemy więcej prosić o ocenę.",
        "welcome": "Dzień dobry! Gdy Państwa zgłoszenie zostanie zamknięte, zapytamy tutaj, jak sobie z nim poradziliśmy.",
        "opted_in": "Dziękujemy! Znów będziemy mogli prosić o ocenę.",
    },
}

# Why nobody was asked, for staff; the keys are the values of ratings.rules.SkipReason.
REASONS: dict[str, dict[str, str]] = {
    "ru": {
        "no_survey": "для этой формы нет опроса",
        "survey_off": "опрос выключен",
        "ask_false": "сотрудник попросил не спрашивать",
        "no_address": "в обращении нет адреса клиента",
        "channel_unknown": "канал из обращения не настроен",
        "opted_out": "клиент просил больше не спрашивать",
        "unreachable": "клиент не принимает сообщения по этому адресу",
        "already_asked": "об этом закрытии уже спрашивали",
        "reopened": "обращение уже открыли снова",
        "too_old": "обращение закрыто слишком давно",
        "condition_not_met": "не выполнено условие «спрашивать только если»",
        "condition_excludes": "сработало условие «не спрашивать если»",
    },
    "en": {
        "no_survey": "no survey for this form",
        "survey_off": "the survey is off",
        "ask_false": "the agent asked not to ask",
        "no_address": "the ticket has no address of the customer",
        "channel_unknown": "the ticket's channel is not configured",
        "opted_out": "the customer asked not to be asked again",
        "unreachable": "the customer takes no messages at this address",
        "already_asked": "this closing was already asked about",
        "reopened": "the ticket has been reopened since",
        "too_old": "the ticket was closed too long ago",
        "condition_not_met": "the condition “ask only when” is not met",
        "condition_excludes": "the condition “do not ask when” applies",
    },
}
