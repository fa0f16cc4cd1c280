"""Alerts: rules of identities on ticks, evaluated at the writer, told once they fire.

Here belong the book of rules and firings, the desk that evaluates and tells, and the webhooks that
carry it further. Not here: what a rule means (`feed.market.alert_rules`), and HTTP
(`feed.http.alerts`). May import `feed.jobs` and below.
"""
