"""How the feed is watched: dashboards as code, rules and alerts, and the programs that run them."""
