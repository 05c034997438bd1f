"""The exceptions a person may get to see.

``str(error)`` of every one of them is a sentence for that person, ending in what they can do
next. Whatever is not an :class:`AirocordError` is a fault of ours: the person gets a short id,
the log gets the traceback under the same id.

::

    AirocordError
      + SettingsError        a variable in .env has a value that cannot be used
      + DatabaseError        the database cannot be opened, or belongs to a newer version
      + ModelError           a model file is missing, damaged or of the wrong kind
      + DocumentError        a file that was sent cannot be read
      + EngineUnavailable    the chosen engine is not installed or not built yet
      + GenerationError      something went wrong while a reply was written
          + QueueFull        too many are waiting; nothing was queued
          + TooFrequent      this person or server asks too often; nothing was queued
          + EngineLoading    the model is not loaded yet
          + EnginePaused     whoever runs the bot has paused it
          + PromptTooLong    prompt and reply do not fit the context window
          + PromptFailed     the prompt could not be put together
          + Cancelled        a person pressed Stop, or their message was deleted
          + StartTimedOut    it waited longer than the start limit
          + RunTimedOut      it ran longer than the run limit, or stalled
          + EngineFailed     the engine broke under this reply; it is being rebuilt
          + EngineSick       the engine keeps breaking; new requests are refused
          + ShuttingDown     the bot is going down
"""


class AirocordError(Exception):
    """Base of everything whose text is meant for a person."""


class SettingsError(AirocordError):
    """A setting cannot be used; the text names the variable, its value and what it takes."""


class DatabaseError(AirocordError):
    """The database cannot be used as it is."""


class ModelError(AirocordError):
    """A model file cannot be had or cannot be used."""


class DocumentError(AirocordError):
    """A document cannot be read; the text names the file."""


class EngineUnavailable(AirocordError):
    """The engine that was chosen is not there."""


class GenerationError(AirocordError):
    """Base of all that can go wrong while a reply is written."""


class QueueFull(GenerationError):
    """Too many requests are waiting, in total or of this person or server."""


class TooFrequent(GenerationError):
    """A person or a server has asked more often than they may."""


class EngineLoading(GenerationError):
    """The model is still being loaded; the text says how far it is."""


class PromptFailed(GenerationError):
    """The prompt could not be put together; the log has the cause under the ticket's id."""


class EnginePaused(GenerationError):
    """Whoever runs the bot lets it take no questions for now."""


class PromptTooLong(GenerationError):
    """Prompt and reply do not fit the model's context window."""


class Cancelled(GenerationError):
    """Somebody did not want the reply any more."""


class StartTimedOut(GenerationError):
    """The request waited longer than the start limit."""


class RunTimedOut(GenerationError):
    """The reply took longer than the run limit, or no token came for too long."""


class EngineFailed(GenerationError):
    """The engine raised while it wrote this reply."""


class EngineSick(GenerationError):
    """The engine failed several times in a row and takes no requests until it is reloaded."""


class ShuttingDown(GenerationError):
    """The bot is stopping and takes no new requests."""
