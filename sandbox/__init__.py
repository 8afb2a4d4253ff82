"""Imitations of the outside world on localhost, for the demo and the tests."""
