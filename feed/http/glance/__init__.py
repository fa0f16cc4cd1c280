"""The market at a glance over HTTP, for pages and for the dialect's screener.

tables.py    tables of the market, each shared by all that may read the same
telling.py   tells what the writer says, or else one of these
market.py    `/v1/market`
screener.py  the dialect's most active stocks, and movers
asked.py     what a query asks for
forms.py     the forms of the answers
table.py     the routes
"""
