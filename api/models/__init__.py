"""Shapes of the answers, for the OpenAPI document; the JSON itself is built in PostgreSQL."""
