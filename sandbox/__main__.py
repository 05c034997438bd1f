"""``python -m sandbox``: serve the sandbox alone, for a bot that is started by hand."""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from sandbox.server import Sandbox


async def serve(port: int) -> None:
    sandbox = Sandbox()
    await sandbox.start(port)
    print(f"DISCORD_API_URL={sandbox.api_url}")
    print(f"DISCORD_TOKEN={sandbox.bot_token}")
    print(f"Page: {sandbox.page_url}", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await sandbox.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, metavar="N", help="0: any that is free")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().port))
