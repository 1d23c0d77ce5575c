"""Audience: every sentence for people, in Korean and English."""
