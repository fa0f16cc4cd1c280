"""Alerts: rules of identities on ticks, evaluated at the writer, told once they fire.

The book keeps rules and firings, the desk evaluates and tells, webhooks carry it further. Knows no
route. What a rule means is decided in `feed.market.alert_rules`.
"""
