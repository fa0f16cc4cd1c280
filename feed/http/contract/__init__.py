"""The contract: OpenAPI and AsyncAPI documents, made from what the server runs on.

Here belong the makers of both documents, the tables of words that only documents need, and the
handlers that answer them. Nothing is said twice: routes, parameters, forms of messages and answers,
ticks and errors come from where the server has them, and examples are made by its own encoders.
"""
