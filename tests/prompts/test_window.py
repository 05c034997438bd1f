from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.errors import PromptTooLong
from bot.prompts import Prompt
from bot.prompts.template import Exchange, ModelTemplate, Template, VicunaTemplate
from bot.prompts.window import CUT, MIN_QUESTION, MIN_REPLY_SO_FAR, Window, fit
from tests.prompts.hostile import hostile_text
from tests.support.tokenizers import CONTROL_TOKENS, llama_tokenizer

SYSTEM = "Be kind and brief."
CHATML = ModelTemplate(
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n",
    frozenset(CONTROL_TOKENS),
    "",
    "<|im_end|>",
)


class Counter:
    """Counts tokens, and how often it is asked to."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, prompt: Prompt) -> int:
        self.calls += 1
        return llama_tokenizer().count(prompt)


def said(words: int) -> str:
    return " ".join(["the lighthouse stood at the end of the harbour"] * (words // 9 + 1))


def talk(number: int, words: int = 20) -> list[Exchange]:
    return [Exchange(f"{turn}: {said(words)}", said(words)) for turn in range(number)]


def words_of(prompt: Prompt) -> str:
    return "".join(part for part in prompt if isinstance(part, str))


def fitted(
    history: Sequence[Exchange],
    question: str = "Why?",
    *,
    budget: int = 300,
    anchor: int = 0,
    reply_so_far: str = "",
    count: Callable[[Prompt], int] | None = None,
) -> Window:
    return fit(
        system=SYSTEM,
        history=history,
        question=question,
        template=VicunaTemplate(),
        count=count or Counter(),
        budget=budget,
        anchor=anchor,
        reply_so_far=reply_so_far,
    )


def texts() -> st.SearchStrategy[str]:
    """Short and hostile, or of any length and plain: the shortest cut of two always fits."""
    return st.one_of(hostile_text().map(lambda text: text[:60]), st.integers(1, 700).map(said))


def histories() -> st.SearchStrategy[list[Exchange]]:
    speaker = st.one_of(st.none(), st.just("Ada"))
    return st.lists(st.builds(Exchange, texts(), texts(), speaker), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    history=histories(),
    question=texts(),
    budget=st.integers(600, 1_500),
    anchor=st.integers(0, 12),
    reply_so_far=st.one_of(st.just(""), texts()),
    template=st.sampled_from([VicunaTemplate(), CHATML]),
)
def test_the_window_keeps_its_promises_whatever_is_said(
    *,
    history: list[Exchange],
    question: str,
    budget: int,
    anchor: int,
    reply_so_far: str,
    template: Template,
) -> None:
    count = llama_tokenizer().count
    anchor = min(anchor, len(history))
    window = fit(
        system=SYSTEM,
        history=history,
        question=question,
        template=template,
        count=count,
        budget=budget,
        anchor=anchor,
        reply_so_far=reply_so_far,
    )

    def tokens(first: int) -> int:
        return count(template.render(SYSTEM, history[first:], question, reply_so_far=reply_so_far))

    assert count(window.prompt) == window.prompt_tokens <= budget
    assert SYSTEM in words_of(window.prompt)
    if window.anchor != anchor:
        assert window.anchor > anchor
        assert tokens(anchor) > budget
    newest = tokens(len(history))
    if newest <= budget:
        # The newest turn is whole, and nothing but whole exchanges was left out.
        assert not window.question_cut
        assert window.prompt == template.render(
            SYSTEM, history[window.anchor :], question, reply_so_far=reply_so_far
        )
        if window.anchor != anchor and newest <= 0.6 * budget:
            assert budget - window.prompt_tokens >= 0.4 * budget
    else:
        assert window.anchor == len(history)
        assert CUT in words_of(window.prompt)


def test_a_conversation_that_fits_is_counted_once() -> None:
    count = Counter()
    window = fitted(talk(3), budget=2_000, count=count)
    assert (window.anchor, window.question_cut, count.calls) == (0, False, 1)


def test_a_conversation_fits_to_the_last_token_and_not_beyond_it() -> None:
    history = talk(6)
    whole = fitted(history, budget=2_000).prompt_tokens
    assert fitted(history, budget=whole).anchor == 0
    assert fitted(history, budget=whole - 1).anchor > 0


def test_the_anchor_jumps_to_the_first_exchange_that_leaves_half_of_the_budget_free() -> None:
    history = talk(40)
    window = fitted(history, budget=1_000)
    assert window.prompt_tokens <= 500
    one_more = VicunaTemplate().render(SYSTEM, history[window.anchor - 1 :], "Why?")
    assert llama_tokenizer().count(one_more) > 500


def test_the_anchor_is_found_in_few_counts() -> None:
    count = Counter()
    fitted(talk(500, words=2), budget=400, count=count)
    assert count.calls <= 2 + 9


def test_the_anchor_stays_put_for_many_turns() -> None:
    history: list[Exchange] = []
    anchor = 0
    anchors = []
    for turn in talk(60):
        anchor = fitted(history, turn.question, budget=1_000, anchor=anchor).anchor
        anchors.append(anchor)
        history.append(turn)
    moves = sum(later != earlier for earlier, later in pairwise(anchors))
    assert anchors == sorted(anchors)
    # Of sixty turns some eight fill half of the budget.
    assert 5 <= moves <= 12


def test_a_question_larger_than_half_of_the_budget_keeps_some_of_the_conversation() -> None:
    window = fitted(talk(40, words=5), said(420), budget=600)
    left = 600 - fitted([], said(420), budget=600).prompt_tokens
    assert left < 0.4 * 600
    assert 0 < window.anchor < 40
    assert 600 - window.prompt_tokens >= left // 2


def test_an_anchor_beyond_the_history_sends_none_of_it() -> None:
    assert fitted(talk(2), anchor=7).anchor == 2


def test_a_question_that_is_too_long_keeps_its_beginning_and_its_end() -> None:
    question = f"Summarise this: {said(2_000)} Do it in one line."
    window = fitted(talk(3), question)
    assert window.question_cut
    assert window.anchor == 3
    text = words_of(window.prompt)
    assert text.startswith(f"{SYSTEM} USER: Summarise this: the lighthouse")
    assert text.endswith("Do it in one line. ASSISTANT:")
    before, after = text.split(f" {CUT} ")
    # Both cuts fall between two words.
    assert before.split()[-1] in said(1).split()
    assert after.split()[0] in said(1).split()


def test_a_question_is_cut_no_further_than_it_must_be() -> None:
    window = fitted([], "a" * 5_000, budget=300)
    assert window.question_cut
    assert 300 - 2 <= window.prompt_tokens <= 300


def test_a_reply_that_is_continued_loses_its_beginning_before_the_question_is_cut() -> None:
    begun = f"It began. {said(600)} and then"
    window = fitted(talk(3), "What happened?", reply_so_far=begun)
    text = words_of(window.prompt)
    assert not window.question_cut
    assert f"USER: What happened? ASSISTANT: {CUT} " in text
    assert text.endswith("and then")
    assert "It began." not in text


def test_a_long_question_and_a_long_reply_both_give_way() -> None:
    begun = f"{said(600)} and then"
    window = fitted([], f"Tell me: {said(600)} What now?", reply_so_far=begun)
    text = words_of(window.prompt)
    assert window.question_cut
    assert text.count(CUT) == 2
    assert text.endswith("and then")
    assert MIN_REPLY_SO_FAR - 40 <= len(text.rpartition(CUT)[2]) <= MIN_REPLY_SO_FAR + 1


@pytest.mark.parametrize("question", ["Why?", said(500)])
def test_a_system_prompt_that_leaves_no_room_is_named_to_the_admin(question: str) -> None:
    with pytest.raises(PromptTooLong, match="/persona set"):
        fit(
            system=said(400),
            history=talk(2),
            question=question,
            template=VicunaTemplate(),
            count=Counter(),
            budget=200,
        )


@given(st.integers(20, 120))
@settings(max_examples=20, deadline=None)
def test_a_tight_budget_is_kept_to_the_token_or_refused(budget: int) -> None:
    question = said(100)
    assume(budget < fitted([], question, budget=2_000).prompt_tokens)
    try:
        window = fitted([], question, budget=budget)
    except PromptTooLong:
        shortest = f"{question[: MIN_QUESTION // 2]} {CUT} {question[-MIN_QUESTION // 2 :]}"
        prompt = VicunaTemplate().render(SYSTEM, [], shortest)
        assert budget <= llama_tokenizer().count(prompt)
    else:
        assert window.prompt_tokens <= budget
