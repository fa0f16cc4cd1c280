"""Every metric: its name, its help text, the origin of its number, and how it is scraped.

Here belong families and their exposition. Not here: counting, which each room does by itself with
plain integers. May import `feed.reign` and below.
"""
