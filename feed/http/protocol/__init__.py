"""The manners of HTTP below the routes: heads, hosts, half-closed sockets, parser errors.

Here stands all that leans on aiohttp's private names (`intake`, `handler`, `runner`), which a test
pins. Routes and answers do not belong here. May import what `feed.http` may.
"""
