"""Bursts: when one key failed far more often than it does at that time and with that traffic."""
