"""Every metric: names, help texts, and where the numbers come from; and how they are scraped.

Here belong families and their exposition. Not here: counting, which each room does by itself with
plain integers. May import `feed.ingest` and below.
"""
