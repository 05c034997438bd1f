"""New users, servers, members and roles, with every field that Discord's API gives them."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.types import Json

ENGLISH = "en-US"
"""The locale of people and servers that have chosen none."""

CONTENT_INTENT = 1 << 19
"""The application's flag for the Message Content Intent in an application below 100 servers."""
PRESENCE_INTENT = 1 << 13
MEMBERS_INTENT = 1 << 15
"""The same for the two other privileged intents:
https://discord.com/developers/docs/resources/application#application-object-application-flags."""


def user(user_id: int, name: str, *, is_bot: bool) -> Json:
    return {
        "id": str(user_id),
        "username": name if is_bot else name.lower().replace(" ", "_"),
        "global_name": None if is_bot else name,
        "discriminator": "0",
        "avatar": None,
        "bot": is_bot,
        "flags": 0,
        "public_flags": 0,
        "primary_guild": None,
    }


def own_user(bot: Json) -> Json:
    """The bot's user as the bot itself is told of it."""
    return {**bot, "verified": True, "mfa_enabled": False, "locale": ENGLISH}


def application(bot: Json) -> Json:
    """Its owner is the bot until somebody opens a server."""
    return {
        "id": bot["id"],
        "name": bot["username"],
        "icon": None,
        "description": "",
        "type": None,
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": CONTENT_INTENT,
        "flags_new": str(CONTENT_INTENT),
        "owner": bot,
        "team": None,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
    }


def guild(guild_id: int, name: str, owner_id: int, everybody: int, joined_at: str) -> Json:
    """``everybody``: what its role @everyone may do."""
    return {
        "id": str(guild_id),
        "name": name,
        "icon": None,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "owner_id": str(owner_id),
        "region": "local",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw": False,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": ENGLISH,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "vanity_url_code": None,
        "application_id": None,
        "incidents_data": None,
        "max_members": 1000,
        "max_presences": None,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [role(guild_id, "@everyone", everybody)],
        "joined_at": joined_at,
        "large": False,
        "unavailable": False,
    }


def member(of: Json, roles: Sequence[int], joined_at: str) -> Json:
    return {
        "user": of,
        "nick": None,
        "avatar": None,
        "banner": None,
        "roles": [str(role_id) for role_id in roles],
        "joined_at": joined_at,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
        "communication_disabled_until": None,
    }


def role(role_id: int, name: str, permissions: int) -> Json:
    return {
        "id": str(role_id),
        "name": name,
        "permissions": str(int(permissions)),
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": 0 if name == "@everyone" else 1,
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def thread(thread_id: int, parent: Json, owner_id: int, name: str, now: str) -> Json:
    """A public thread of ``parent``."""
    return {
        "id": str(thread_id),
        "type": 11,
        "guild_id": parent["guild_id"],
        "parent_id": parent["id"],
        "owner_id": str(owner_id),
        "name": name,
        "last_message_id": None,
        "message_count": 0,
        "member_count": 1,
        "rate_limit_per_user": 0,
        "flags": 0,
        "total_message_sent": 0,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 1440,
            "archive_timestamp": now,
            "create_timestamp": now,
            "locked": False,
        },
    }
