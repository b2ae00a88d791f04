"""Hands: pointer gestures in patient millimetres that end in label patches; no Qt."""
