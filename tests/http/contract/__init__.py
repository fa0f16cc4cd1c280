"""The documents of the server: OpenAPI and AsyncAPI."""
