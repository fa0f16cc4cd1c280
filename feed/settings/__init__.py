"""Every option of a server: its default, what it accepts, and the places where it is read.

Here belong options and their composition; README.md lists them. Not here: what an option does. May
import `feed.terminal` and below.
"""
