"""Toy Cloud: a vendor that lives in the tests."""
