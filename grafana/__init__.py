"""How the feed is watched: dashboards as code, rules, alerts, and what runs them."""
