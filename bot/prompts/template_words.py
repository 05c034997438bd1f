"""The words of a chat template, among which its control tokens are looked for."""

from __future__ import annotations

from bot.errors import ModelError
from bot.prompts.jinja import ChatJinja

_ROLES = (
    ("system", "user", "assistant", "user"),
    # Some templates take no system prompt.
    ("user", "assistant", "user"),
)


def template_words(chat_template: str, *, bos: str = "", eos: str = "") -> str:
    """A template as it stands, and what it writes round two conversations. EXAONE's and Phi's put
    turn marks together, ``'<|' + message['role'] + '|>'``, so that their spellings stand nowhere
    in the template itself.

    One that cannot be used has the words that it has: whoever needs it is told why.
    """
    words = [chat_template]
    try:
        jinja = ChatJinja(chat_template, bos=bos, eos=eos)
    except ModelError:
        return chat_template
    for roles in _ROLES:
        try:
            words.append(jinja.write([{"role": role, "content": "text"} for role in roles]))
        except ModelError:
            continue
    return "\n".join(words)
