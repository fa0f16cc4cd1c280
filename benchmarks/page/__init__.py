"""The dashboard in headless Chromium, and what it costs: `python -m benchmarks.page --help`.

A server of our own, a browser, and looks from outside: nothing is added to the page that is
measured but a loop of animation frames. Chromium draws by the processor, and shares it with the
server. Not a test: it judges nothing.
"""
