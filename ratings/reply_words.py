"""The words of typed replies in Russian, English, Ukrainian and Polish: data alone.

Written as people write them; compared folded (ratings/reply_text.py). A word that is missing here costs a polite
question, a word too many costs a wrong rating: in doubt, leave it out.
"""

from ratings.reply_text import fold, words_of


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in fold(line).split())


def _phrases(*lines: str) -> frozenset[tuple[str, ...]]:
    return frozenset(words_of(phrase) for line in lines for phrase in line.split(","))


_NUMBERS = {
    0: "ноль нуль zero zerem",
    1: "один одна одно единица единицу единичка единичку one одиниця одиницю одиничка jeden jedna jedno jedynka jedynkę",
    2: "два две двойка двойку двоечка двоечку two дві двійка двійку dwa dwie dwójka dwójkę",
    3: "три тройка тройку троечка троечку трояк three трійка трійку trzy trójka trójkę",
    4: "четыре четверка четверку четверочка четверочку four чотири четвірка четвірку cztery czwórka czwórkę",
    5: "пять пятерка пятерку пятерочка пятерочку five п'ять п'ятірка п'ятірку п'ятірочка пятірка пятірку "
    "pięć piątka piątkę piąteczka piąteczkę",
    6: "шесть шестерка шестерку six шість шістка шістку sześć szóstka szóstkę",
    7: "семь семерка семерку seven сім сімка сімку siedem siódemka siódemkę",
    8: "восемь восьмерка восьмерку eight вісім вісімка вісімку osiem ósemka ósemkę",
    9: "девять девятка девятку nine дев'ять дев'ятка дев'ятку dziewięć dziewiątka dziewiątkę",
    10: "десять десятка десятку ten десятка dziesięć dziesiątka dziesiątkę",
}
NUMBERS = {word: number for number, line in _NUMBERS.items() for word in fold(line).split()}
"""Number words and school marks, as the customer gives them."""

_GENITIVES = {
    2: "двух двох dwóch two", 3: "трех трьох trzech three", 4: "четырех чотирьох czterech four",
    5: "пяти п'яти пяти pięciu five", 6: "шести шести sześciu six", 7: "семи семи siedmiu seven",
    8: "восьми восьми ośmiu eight", 9: "девяти дев'яти dziewięciu nine", 10: "десяти десяти dziesięciu ten",
}  # fmt: skip
OUT_OF = {word: number for number, line in _GENITIVES.items() for word in fold(line).split()}
"""The number after "of": 5 из пяти."""
OF = _words("из з із зі на of na z")
NUMBER_ENDINGS = _words("ка ку очка очку")
"""What makes a digit a school mark: 5-ка. With any other letters (5й, 5th) it is no mark."""

RATING_UNITS = _words(
    "балл балла баллов бал бала бали балів звезда звезды звезд звездочка звездочки звездочек зірка зірки зірок зірочок",
    "star stars point points gwiazdka gwiazdki gwiazdek punkt punkty punktów pkt",
)
PLUS = _phrases("с плюсом,с плюсиком,с минусом,с минусиком,з плюсом,з мінусом,z plusem,z minusem,with a plus,plus,плюс")

# --- words of quality: only on the default scale; other scales have their own labels alone
GRADES = {
    1: _phrases(
        "очень плохо,ужасно,ужас,отвратительно,кошмар,хуже некуда,хуже не бывает,очень очень плохо",
        "very bad,very poor,terrible,awful,horrible,the worst",
        "дуже погано,жахливо,жах,огидно,гірше нікуди,дуже дуже погано",
        "bardzo źle,okropnie,fatalnie,strasznie,tragicznie,tragedia,beznadziejnie,koszmar",
    ),
    2: _phrases("плохо,неудовлетворительно,bad,poor,погано,незадовільно,źle,kiepsko,słabo"),
    3: _phrases(
        "нормально,норм,средне,удовлетворительно,okay,average,satisfactory,нормально,середньо,задовільно",
        "średnio,przeciętnie,dostatecznie",
    ),
    4: _phrases("хорошо,good,добре,dobrze"),
    5: _phrases(
        "отлично,очень хорошо,супер,прекрасно,великолепно,превосходно,замечательно,идеально,восхитительно,на высоте",
        "excellent,very good,perfect,great,awesome,amazing,fantastic,wonderful,brilliant,outstanding,superb",
        "чудово,дуже добре,відмінно,прекрасно,чудесно,ідеально,бездоганно,неперевершено",
        "świetnie,bardzo dobrze,super,doskonale,wspaniale,znakomicie,rewelacyjnie,rewelacja,idealnie,ekstra,celująco",
    ),
}
"""Value on the default scale -> the words for it."""

AGREEING = _phrases("хорошо,добре,dobrze,good,great,нормально,норм,okay")
"""Grades that also mean "agreed": a rating when they stand alone or after "my rating", else the customer is asked."""

GRADE_OF = {phrase: value for value, phrases in GRADES.items() for phrase in phrases}

VAGUE = _phrases(
    "ок,окей,ok,k,fine,cool,nice,так себе,сойдет,пойдет,терпимо,неплохо,не плохо,недурно,не очень,not bad,not great",
    "not good,so so,meh,не дуже,непогано,не погано,так собі,згодиться,nieźle,nie bardzo,tak sobie,może być,spoko,w porządku",
    "все хорошо,все ок,все в порядке,все нормально,все добре,wszystko dobrze,all good,it was good,it was fine,класс,клас",
    "круто,огонь,бомба,топ,хуже,лучше,better,worse,гірше,краще,gorzej,lepiej,молодцы,молодец,молодці,brawo,браво",
)
"""What tells a mood, but no choice."""

# --- what may stand before a value
COURTESY_ALONE = _words(
    "спасибо спс благодарю благодарим здравствуйте здравствуй привет добрый доброго пожалуйста",
    "thanks thank thx hi hello hey please",
    "дякую дякуємо вітаю привіт добрий доброго",
    "dziękuję dziękujemy dzięki dobry cześć witam proszę",
)
COURTESY = COURTESY_ALONE | _words(
    "большое огромное вам тебе день вечер утро дня времени суток всем you so much many dear team",
    "дуже щиро вам день вечір ранку вечора ласка будь bardzo dzień wieczór państwu wam",
)
"""Polite words; those that are not COURTESY_ALONE need one that is."""
RATING_WORDS = _words(
    "ставлю поставлю оцениваю оценю оценил оценила оценка оценку оценкой рейтинг балл даю дам",
    "rating rate rated score grade give mark evaluation",
    "оцінка оцінку оцінюю оцінюємо оцінив оцінила ставлю рейтинг даю",
    "ocena ocenę oceną oceniam oceniamy stawiam wystawiam daję",
)
"""Words that say that a rating follows. On their own they are enough."""
GLUE = _words(
    "на моя мой мою наша нашу ваша вашу вашей вашу работе работу работа вам ему ей за обслуживание оператору оператора",
    "менеджеру сотруднику сервису сервис поддержке я мы ну вот твердая твердую твердые твердо это конечно однозначно",
    "хочу поставить все всё было всем просто",
    "my our your the a an i we is are it was would you this service support everything all just of as for to at",
    "моя мою наша ваша вашу вашій роботі роботу робота вам за обслуговування оператору я ми ну ось це тверда тверду хочу",
    "поставити все усе було просто",
    "na moja moją nasza wasza waszą to jest dla za obsługę obsługa daje was pana pani wszystko było po prostu",
)
"""Small words between them; they never make a number a rating, unless the text has nothing else."""
ALL = _words("все всё усе было було it was everything all wszystko było to")
"""With these a grade that also means "agreed" says only that things are fine."""
GLUE_ALONE = _words("на na ну я твердая твердую твердые тверда тверду")
NEGATIONS = _words("не нет ни not no never isnt isn't wasn't wasnt don't dont ні ані nie ani")

# --- what may follow a digit with nothing but a blank between
FOLLOWING = _words(
    "спасибо спс благодарю благодарим но потому так очень долго быстро медленно отлично хорошо супер все всё за и",
    "вы молодцы молодец отличная отличный хорошая плохо ужасно слишком хотя поскольку ибо ваш ваша вежливо грубо доволен",
    "довольна пожалуйста решили помогли ничего никто нормально замечательно прекрасно большое конечно",
    "thanks thank because but very great good excellent slow fast quick quickly super perfect for and although since",
    "everything nobody nothing well too amazing awesome bad terrible helpful polite rude satisfied happy",
    "дякую дякуємо але бо тому дуже довго швидко повільно чудово добре відмінно все усе за і й та молодці ви надто занадто",
    "погано жахливо ніхто нічого ввічливо",
    "dziękuję dziękujemy dzięki ale bo ponieważ bardzo długo szybko wolno świetnie dobrze super wszystko za i zbyt",
    "źle okropnie nikt nic miło uprzejmie",
)

# --- what shows that a number counts something
COUNTED = tuple(
    sorted(
        _words(
            "мин минут час часа часов сек секунд день дня дней дні днів недел тижн тиждень месяц місяц год года лет рок років",
            "раз разів рубл руб грн гривн гривен копе тысяч тыщ тис млн штук шт кг км метр литр процент відсот",
            "вопрос питан заяв обращен звернен заказ замовлен звонок звонк дзвін письм лист сообщен повідомл человек людей людин",
            "клиент клієнт товар посыл посил этаж повер дом квартир номер позици магазин",
            "январ феврал март апрел мая июн июл август сентябр октябр ноябр декабр утра вечера дня ночи",
            "січн лют берез квіт травн червн липн серпн верес жовт листопад грудн ранку вечора",
            "minut min hour hrs day week month year second sec time question order item people person pcs usd eur dollar euro percent",
            "customer ticket call email issue problem january february march april june july august september october",
            "november december am pm oclock o'clock moment thing more",
            "godzin dni dzień tydzie tygodni miesi lat rok razy raz zł zl pytan pytań zamówie wiadomo osob osób sztuk zgłosze",
            "styczn lutego marca kwietn maja czerwc lipca sierpn wrześn paździer listopad grud rano wieczor",
            "момент момента минуточк секундочк хвилин годин проблем",
        )
    )
)
"""Beginnings of words: five minutes, the 5th of May, five questions."""
COUNTED_EXACTLY = _words("may р г ч м см мм л дн нед мес в у am pm h m d x х гб мб gb mb кб")
COUNTED_MARKS = frozenset("%₽$€£₴°№#@&=/\\")

# --- what shows that more was meant
ASKING = _words(
    "где когда почему зачем куда откуда сколько подскажите помогите можно нельзя скажите перезвоните позвоните уточните какой",
    "какая какие кому прошу",
    "where when why how who which can could would help call whom",
    "де коли чому навіщо куди звідки скільки підкажіть допоможіть можна скажіть передзвоніть подзвоніть який яка прошу",
    "gdzie kiedy dlaczego czemu skąd dokąd ile czy jaki jaka pomóżcie zadzwońcie",
)
CONTRAST = _words(
    "но однако хотя зато but however though although але проте однак хоча ale jednak chociaż choć",
)
CONDITION = _words("что если когда как that if when що якщо коли як że jeśli gdy jak")
"""After a word of blame these tell of something else: "Плохо, что вас нет в субботу"."""
LINKING = _words("а и но да and but so or а і й та але a i ale")
ALTERNATIVE = _words("или либо or або чи lub albo czy и and і та й i a to до")
HEDGES = _words(
    "наверное наверно примерно около почти скорее думаю может где-то между минус от до",
    "maybe perhaps about almost around between think minus мабуть приблизно близько майже між мінус",
    "może około prawie chyba między",
)
"""Before a number these make it a guess."""
AGREEABLE = COURTESY | _words(
    "все всё за и очень так быстро вежливо оперативно четко понятно работа работу работает сервис обслуживание помощь помогли",
    "помог помогла решили ответ ответы консультацию консультация молодцы молодец вы ваша ваш вашу доволен довольна довольны",
    "рекомендую отлично супер прекрасно замечательно профессионально удачи хорошего дня терпение внимание поддержка поддержку",
    "понравилось как всегда",
    "for and very fast quick quickly polite helpful service help support job work your everything all was is great excellent",
    "the team recommend professional amazing awesome perfect super friendly happy satisfied well done best nice a",
    "все усе за і й та дуже швидко ввічливо оперативно робота роботу сервіс допомогу допомога допомогли обслуговування ви ваша",
    "ваш задоволений задоволена рекомендую чудово супер гарного дня підтримка підтримку молодці як завжди",
    "za i bardzo szybko miło uprzejmie sprawnie obsługa obsługę pomoc praca pracę wszystko polecam świetnie super jest jak",
    "zawsze pozdrawiam serdecznie profesjonalnie miłego",
)
"""After a word of praise only these leave it a rating: "Отлично, третий день без связи" is none."""
PLEASED = frozenset("👍👏🙏💪🔥🎉🌹💐🤝👌✨💯😀😃😄😁😊☺😇🥰😘🤗🤩🙂😍❤🧡💛💚💙💜♥⭐🌟★")
"""The emoji that leave a word of praise what it is."""
DISPLEASED = frozenset("👎🤬😠😤😡🤮🤢💩😞😢😭🙄😒😾🖕☹🙁😕😟😣😖😩😫🤦🤡😑😐💔")
"""Beside a value that satisfies, these are no decoration."""
SIGN_OFF = _phrases(
    "с уважением,с наилучшими,всего доброго,всего хорошего,regards,best regards,kind regards,best wishes,sincerely",
    "з повагою,всього найкращого,pozdrawiam,z poważaniem,z wyrazami szacunku",
)
"""After these the customer's name may follow."""
STOP = _phrases(
    "stop,стоп,stopall,unsubscribe,cancel,end,quit,отписаться,отписка,отмена,не пишите,відписатися,не пишіть",
    "nie piszcie,wypisz",
)
"""A wish to be left alone goes before any value in the same text."""

LAYOUT = str.maketrans("qwertyuiop[]asdfghjkl;'zxcvbnm,.", "йцукенгшщзхъфывапролджэячсмитьбю")
"""A Russian word typed with the Latin layout on ("gznm" is "пять")."""
