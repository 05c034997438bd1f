"""Requests of the bot that faults are planned for."""

from __future__ import annotations

import pytest

SEND = "/channels/{channel_id}/messages"
EDIT = "/channels/{channel_id}/messages/{message_id}"
CALLBACK = "/interactions/{interaction_id}/{token}/callback"
ORIGINAL = "/webhooks/{application_id}/{token}/messages/@original"
FOLLOW_UP = "/webhooks/{application_id}/{token}"

LOST = pytest.mark.parametrize("is_handled", [False, True], ids=["request lost", "response lost"])
"""By a connection that drops: Discord has not taken the request, or has and cannot say so."""
