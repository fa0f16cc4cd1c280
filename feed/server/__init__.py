"""The way out: one aiohttp process that writes frames to everybody."""
