"""The JSON that Discord speaks, as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
"""An object of Discord's API v10, under its own names; ids are strings there."""

ReadOnlyJson = Mapping[str, Any]
