"""Each rule of grading with the guesses it accepts and those it refuses."""

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from bot.games.grading import Verdict, grade, is_playable_typed, tolerance
from bot.games.plain_text import Plain, plain, readings
from bot.games.questions import Difficulty, Origin, Question


def question(
    answer: str,
    *distractors: str,
    aliases: tuple[str, ...] = (),
    text: str = "What is it?",
) -> Question:
    return Question(
        id="test:1",
        category="Test",
        difficulty=Difficulty.EASY,
        text=text,
        answer=answer,
        origin=Origin.PACK,
        aliases=aliases,
        distractors=distractors,
    )


@pytest.mark.parametrize(
    ("answer", "accepted", "refused"),
    [
        # Capitals, accents, punctuation, spaces and articles do not matter.
        ("São Tomé", ["sao tome", "SAO-TOME", "saotomé"], ["tome"]),
        ("Łódź", ["lodz", "LÓDŹ"], ["lod"]),
        ("Straße", ["strasse", "STRASSE"], ["str"]),
        ("Spider-Man", ["spiderman", "Spider Man", "the spider-man"], ["batman"]),
        ("The Beatles", ["beatles", "the beatles", "Beatles!", "Teh Beatles"], ["the"]),
        ("Rock & Roll", ["rock and roll", "rock&roll", "Rock 'and' Roll"], ["rock"]),
        ("Ocean's Eleven", ["oceans eleven", "Ocean\u2019s 11", "oceans 11"], ["oceans 12"]),
        ("AC/DC", ["acdc", "AC DC"], ["ac"]),
        ("The The", ["the the", "the"], ["the the the the"]),
        ("Vitamin A", ["vitamin a"], ["vitamin", "vitamin b", "vitamin b12"]),
        # What stands in brackets may be left out.
        ("Mercury (planet)", ["mercury", "Mercury (planet)", "mercury planet"], ["planet"]),
        ("(I Can't Get No) Satisfaction", ["satisfaction", "i cant get no satisfaction"], ["no"]),
        # Signs that say something stay.
        ("C++", ["c++", "C++."], ["c", "c#"]),
        ("!!!", ["!!!", "! ! !"], ["!", "???"]),
        # Typos by length: none, one, two, three.
        ("Mars", ["mars"], ["mar", "marz", "mras", "maars"]),
        ("Japan", ["japn", "jappan", "jqpan", "jpaan"], ["jpn", "jabpn", "jaaapan"]),
        ("Iceland", ["icelnd", "iceladn"], ["iclnd", "ireland x"]),
        ("Australia", ["austrlia", "autsraila", "astralia"], ["austria x", "asturlai"]),
        ("Constantinople", ["constantinopel", "konstantinopl"], ["constant"]),
        ("Liechtenstein Castle", ["lichtenstien castl"], ["licht castle"]),
        # Numbers are exact, in figures and in words.
        ("1945", ["1945", "1945.", " 1945 "], ["1946", "194", "19455", "1954", "-1945"]),
        ("1,000,000", ["1000000", "1,000,000"], ["100000", "1,000,001", "10000000"]),
        ("3.14", ["3.14", "3.140"], ["314", "3.15", "3,14"]),
        ("-40", ["-40", "\u221240", "-40\u00b0"], ["40", "4-0"]),
        ("50%", ["50", "50%", "fifty"], ["5", "15", "fifteen"]),
        ("Seven", ["7", "seven"], ["eleven", "sevn", "77"]),
        ("Twenty-one", ["21", "twenty one", "21."], ["20", "twenty", "1"]),
        ("Apollo 11", ["apollo 11", "apolo eleven", "Apollo XI"], ["apollo 13", "apollo 1"]),
        ("World War II", ["world war 2", "World War Two", "wrold war ii"], ["world war i", "ww"]),
        ("Henry VIII", ["henry 8", "henri viii"], ["henry vii", "henry 7", "henry"]),
        ("Catch-22", ["catch 22", "catch22"], ["catch 23", "catch"]),
        ("100", ["one hundred", "a hundred", "hundred"], ["one thousand", "10", "hundreds"]),
        ("1,000,000", ["one million", "1 million", "1 000 000"], ["1 billion", "1 00 000"]),
        ("1.5 million", ["1,500,000", "1.5 milion"], ["1.5 billion", "15 million"]),
        ("2001", ["two thousand and one", "two thousand one"], ["two thousand", "200 1"]),
        ("1945", ["nineteen forty-five"], ["19 45", "nineteen fifty-four"]),
        ("-40", ["minus 40", "minus forty", "negative 40"], ["forty", "minus 4"]),
        (
            "1914-1918",
            ["1914 to 1918", "1914\u20131918", "1914 -1918"],
            ["19141918", "1914 to 1919"],
        ),
        ("1/2", ["1/2", "½"], ["12", "1/12"]),
        ("9/11", ["9/11", "nine eleven"], ["911"]),
        ("3-1", ["3-1", "3 to 1"], ["31", "1-3"]),
        ("10²", ["10²", "10^2"], ["102", "10⁻²"]),
        ("100 °C", ["100 degrees celsius", "100C"], ["100 °F", "100 degrees fahrenheit"]),
        # Ordinals and Roman figures are numbers, and other words can be misspelled.
        ("First", ["1st", "frist"], ["2nd", "second"]),
        ("21st century", ["twenty-first century", "21 century"], ["twentieth century"]),
        ("fifteenth century", ["15th century", "fiftenth century"], ["sixteenth century"]),
        ("Fifth Amendment", ["5th amendment", "fith amendment"], ["Sixth Amendment"]),
        ("Henry VIII", ["Henry the Eighth", "henry the 8th"], ["Henry the Seventh"]),
        ("XVIII", ["18", "xviii"], ["xvii", "xxviii"]),
        ("Super Bowl XLII", ["Super Bowl 42", "supr bowl xlii"], ["Super Bowl XLIII"]),
        ("Jet Li", ["jet li", "jetli"], ["jet 51"]),
        (
            "One Hundred Years of Solitude",
            ["100 Years of Solitude", "one hunderd years of solitude"],
            ["1000 years of solitude"],
        ),
        ("4.5 billion years", ["4,500,000,000 years", "4.5 bilion years"], ["4.5 million years"]),
        ("Million Dollar Baby", ["milion dollar baby"], ["billion dollar baby"]),
        # One letter beside other words says something, and a letter may look like an article.
        ("X chromosome", ["x chromosme"], ["Y chromosome", "chromosome"]),
        ("T cell", ["t-cell"], ["B cell", "cell"]),
        ("C major", ["c majro"], ["G major", "A major", "major"]),
        ("O negative", ["o negatve"], ["A negative", "AB negative", "negative"]),
        ("The A-Team", ["a team", "ateam"], ["b team", "team"]),
        ("A-ha", ["Aha", "a ha"], ["ha"]),
        ("A.I.", ["AI", "a i"], ["I"]),
        ("J. K. Rowling", ["JK Rowling", "j k rowlng"], ["jk rolling x"]),
        ("Samuel L. Jackson", ["samuel jackson", "samuel l jakson"], ["Samuel M. Jackson"]),
        ("X-Men Origins", ["xmen orgins"], ["y-men origins"]),
        # No typo makes one word of another that says something else.
        ("4 July", ["4 jul", "4 Juyl", "4th July"], ["4 June", "5 July"]),
        ("384,400 km", ["384400 km", "384,400 kilometres"], ["384,400 cm"]),
        ("100 kg", ["100 kilograms"], ["100 mg", "100 g"]),
        ("North America", ["nroth america", "North Amrica"], ["South America", "North Africa"]),
        ("Northern Lights", ["northen lights", "Northern Light"], ["Southern Lights"]),
        ("Northwest Passage", ["north west passage"], ["Northeast Passage"]),
        ("East Germany", ["est germany"], ["West Germany"]),
        ("Invisible Man", ["invisble man"], ["Invisible Woman"]),
        ("hypothermia", ["hypothermai", "hypotermia"], ["hyperthermia"]),
        (
            "Mississippi River",
            ["the missisippi river"],
            ["not Mississippi River", "not the Mississippi River"],
        ),
        ("Chanel No. 5", ["chanel 5", "channel no 5"], ["chanel no 6"]),
        # Short ways to write a word.
        ("Mount Everest", ["Mt Everest", "Mt. Everest", "muont everest"], ["Mt. Etna"]),
        ("St. Petersburg", ["Saint Petersburg", "st petersburg", "Sait Petersburg"], ["st paul"]),
        ("Guns N' Roses", ["guns and roses", "guns n roses"], ["guns"]),
        ("P!nk", ["pink", "p!nk"], ["punk"]),
        ("Panic! at the Disco", ["panic at the disco"], ["panic"]),
        # Other scripts.
        ("Москва", ["москва", "Моксва"], ["мск"]),
        ("東京", ["東京"], ["京都", "東"]),
        ("ปู", ["ปู"], ["ปี"]),
        ("दिल्ली", ["दिल्ली"], ["दुल्ला", "दलल"]),
        ("தமிழ்", ["தமிழ்"], ["தமழ"]),
        ("محمد", ["مُحَمَّد"], ["م"]),
        ("❤️", ["❤️"], ["⭐️", "️"]),
    ],
)
def test_guesses(answer: str, accepted: list[str], refused: list[str]) -> None:
    for guess in accepted:
        assert grade(question(answer), guess) is Verdict.RIGHT, guess
    for guess in [*refused, "", "   ", "?"]:
        assert grade(question(answer), guess) is Verdict.WRONG, guess


@pytest.mark.parametrize(
    ("answer", "distractors", "accepted", "refused"),
    [
        ("Austria", ["Australia"], ["austria", "austira"], ["australia", "austrlia"]),
        (
            "Iceland",
            ["Ireland"],
            ["iceland", "icelnd", "Icelannd"],
            ["ireland", "irelnd"],
        ),
        ("Slovakia", ["Slovenia"], ["slovakia", "slovakai"], ["slovenia", "slovenai"]),
        ("Niger", ["Nigeria"], ["niger", "nigar"], ["nigeria", "nigeri"]),
        ("Sligs", ["Slogs"], ["sligs"], ["slogs", "slgs"]),
        ("cos(x)", ["-cos(x)"], ["cos(x)", "cos x"], ["-cos(x)"]),
        ("Lordgenome", ["Lord Genome"], ["lordgenome"], ["lord genome"]),
    ],
)
def test_a_guess_must_be_nearer_to_the_answer_than_to_any_wrong_one(
    answer: str, distractors: list[str], accepted: list[str], refused: list[str]
) -> None:
    asked = question(answer, *distractors)
    assert {guess: grade(asked, guess) for guess in accepted} == dict.fromkeys(
        accepted, Verdict.RIGHT
    )
    assert {guess: grade(asked, guess) for guess in refused} == dict.fromkeys(
        refused, Verdict.WRONG
    )


@pytest.mark.parametrize(
    "guess",
    [
        "Venus, Mars",
        "venus or mars",
        "Mars and Venus",
        "mercury/venus/earth/mars/jupiter",
        "Venus; Mars",
        "venus\nmars",
        "Mars | Venus",
        "Mercury, Venus, Earth, Mras, Mars, Jupiter, Saturn, Uranus, Neptune, Pluto",
    ],
)
def test_several_answers_in_one_guess_do_not_count(guess: str) -> None:
    assert grade(question("Mars", "Venus"), guess) is Verdict.SEVERAL


def test_an_answer_that_has_an_and_in_it_is_one_answer() -> None:
    asked = question("Trinidad and Tobago")
    assert grade(asked, "Trinidad & Tobago") is Verdict.RIGHT
    assert grade(question("Salt, pepper and oil"), "salt pepper and oil") is Verdict.RIGHT


def test_answers_in_a_row_without_a_sign_between_do_not_count_either() -> None:
    assert grade(question("Mars", "Venus"), "venus mars jupiter") is Verdict.WRONG
    assert grade(question("Mars", "Venus"), "Mars (Venus)") is Verdict.WRONG


def test_an_alias_is_as_good_as_the_answer() -> None:
    asked = question("Myanmar", "Laos", aliases=("Burma",))
    assert grade(asked, "burma") is Verdict.RIGHT
    assert grade(asked, "burna") is Verdict.RIGHT
    assert grade(asked, "laos") is Verdict.WRONG


def test_a_guess_longer_than_any_answer_is_not_read() -> None:
    asked = question("Mars")
    assert grade(asked, "Mars" + " " * 150) is Verdict.RIGHT
    assert grade(asked, "Mars" + " " * 250) is Verdict.WRONG


@pytest.mark.parametrize(
    ("asked", "can"),
    [
        (question("Mars", "Venus"), True),
        (question("Iceland", "Ireland"), False),
        (question("Australia", "Austria"), False),
        (question("Slovakia", "Slovokia"), False),
        (question("Henry VIII", "Henry VII"), True),
        (question("True", "False"), False),
        (question("Yes", "No"), False),
        (question("Mars", text="Which of these is a planet?"), False),
        (question("Mars", text="Which of the following is red?"), False),
        (question("Mars", text="What from the following list is red?"), False),
        (question("Mars", text="Which one of them is red?"), False),
        (question("Mars", text="Which planet is the fourth of the Sun?"), True),
        (question("one two three four five six seven"), False),
        (question("abcdefghij " * 5), False),
        (question("cos(x)", "-cos(x)"), False),
    ],
)
def test_questions_that_need_their_options_are_not_asked_without(
    asked: Question, can: bool
) -> None:
    assert is_playable_typed(asked) is can


WORDS = st.text(string.ascii_letters + "äöéñ '-", min_size=1, max_size=40)


@given(answer=WORDS, guess=WORDS)
def test_no_guess_is_right_that_is_further_away_than_the_typos_that_are_forgiven(
    answer: str, guess: str
) -> None:
    assume(plain(answer).text)
    if grade(question(answer), guess) is Verdict.RIGHT:
        forms = [plain(answer).text, "the" + plain(answer).text]
        assert any(OSA.distance(plain(guess).text, f) <= tolerance(len(f)) for f in forms)


@given(answer=WORDS, place=st.integers(0, 39), letter=st.sampled_from(string.ascii_lowercase))
def test_one_wrong_letter_in_a_long_answer_is_forgiven(
    answer: str, place: int, letter: str
) -> None:
    key = plain(answer)
    assume(len(key.text) > 4 and key == Plain(key.text, apart=key.apart))
    place %= len(key.text)
    guess = key.text[:place] + letter + key.text[place + 1 :]
    assume(not (plain(guess).numbers or plain(guess).is_negated))
    assert grade(question(answer), guess) is Verdict.RIGHT


@given(answer=WORDS, wrong=WORDS)
def test_a_wrong_option_as_it_stands_is_never_right(answer: str, wrong: str) -> None:
    assume(" ".join(answer.split()).casefold() != " ".join(wrong.split()).casefold())
    assert grade(question(answer, wrong), wrong) is not Verdict.RIGHT


@given(answer=WORDS)
def test_the_answer_itself_is_right(answer: str) -> None:
    assume(plain(answer).text)
    assert grade(question(answer), answer) is Verdict.RIGHT
    if any(sign.isalpha() for sign in answer):
        assert grade(question(answer), f"  {answer.upper()}. ") is Verdict.RIGHT


@given(text=st.text(max_size=60))
def test_any_text_can_be_read_and_reading_it_twice_changes_nothing(text: str) -> None:
    once = plain(text)
    assert not any(sign.isspace() for sign in once.text)
    assert plain(f" {text}\n") == once


@given(figures=st.lists(st.integers(0, 3_000), min_size=1, max_size=3), sign=st.sampled_from("-/:"))
def test_numbers_are_the_same_however_they_are_parted_but_not_run_together(
    figures: list[int], sign: str
) -> None:
    asked = question(sign.join(map(str, figures)))
    assert grade(asked, " , ".join(map(str, figures))) is Verdict.RIGHT
    if len(figures) > 1:
        assert grade(asked, "".join(map(str, figures))) is not Verdict.RIGHT


@given(text=st.text(max_size=60))
def test_an_answer_has_no_more_than_three_readings_and_says_the_first(text: str) -> None:
    found = readings(text)
    assert found[0] == plain(text)
    assert len(found) <= 3
