"""Judgement: how well one set of labels agrees with another."""
